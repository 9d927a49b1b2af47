"""Data: image sets, folders of your own, digits drawn from fonts, and toy distributions."""

from course_utils.data import captions, domains, glyphs
from course_utils.data.catalogue import BinaryImages, Images, NamedImages
from course_utils.data.folder import OwnImages, folder
from course_utils.data.images import Source, load, scale, source
from course_utils.data.toys import centers, std, toy

__all__ = [
    "BinaryImages", "Images", "NamedImages", "OwnImages", "Source", "captions", "centers", "domains", "folder",
    "glyphs", "load", "scale", "source", "std", "toy",
]  # fmt: skip
