"""Measurements that take longer than a lesson lasts: NAME.npz holds numbers and pictures, NAME.json how they came.

The scripts in `training/` make them, the notebooks show them.
"""

from pathlib import Path

from course_utils import weights

FOLDER = Path(__file__).parent


def available(folder=FOLDER):
    """Returns the names that `read` takes, sorted."""
    return weights.names(folder)


def read(name, folder=FOLDER):
    """Returns a study.

    Args:
        name: one of `available()`.
        folder: where the two files lie.

    Returns:
        (recipe, arrays): a dict with at least the fields in `weights.REQUIRED`, and a dict of name -> array.

    Raises:
        ValueError: no such study, or arrays whose hash is not the recipe's.
    """
    return weights.read(name, folder)


def write(name, arrays, recipe, folder=FOLDER):
    """Stores the arrays of a study with the recipe that made them.

    Args:
        name: file name without ending, such as "race-mnist".
        arrays: dict of name -> array; float64 is stored as float32.
        recipe: dict with every field in `weights.REQUIRED`; "networks" is empty, since no weights are kept.
        folder: where the two files go.

    Returns:
        Path of the array file.

    Raises:
        ValueError: a field is missing. Nothing is written.
    """
    weights.check({}, recipe)
    stored = {key: array.astype("float32") if array.dtype == "float64" else array for key, array in arrays.items()}
    return weights.store(name, stored, recipe, folder)
