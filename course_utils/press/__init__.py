"""What turns the text twins into notebooks, pages, slides, a site and a playground; and the command `course`."""

__all__ = ["cli", "deck", "doctor", "export", "grade", "notebooks", "npm", "pages", "pictures", "playground"]
__all__ += ["results", "site", "slides"]
