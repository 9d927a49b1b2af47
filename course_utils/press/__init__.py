"""What turns the text twins into notebooks, pages, slides and tables, and the console command that does it."""

__all__ = ["cli", "deck", "doctor", "notebooks", "npm", "pages", "results", "site", "slides"]
