"""Loaded for every test, also for `pytest notebooks --nbval-lax`, where it closes two holes of nbval."""

pytest_plugins = ["tests.notebooks.guard"]
