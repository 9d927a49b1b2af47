"""Data: image sets, digits drawn from fonts, and toy distributions."""

from course_utils.data import glyphs
from course_utils.data.images import Images, Source, load, scale, source
from course_utils.data.toys import centers, std, toy

__all__ = [
    "Images", "Source", "centers", "glyphs", "load", "scale", "source", "std", "toy",
]
