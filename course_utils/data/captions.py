"""Sentences about coloured glyphs, made from the factors that drew them, and words as numbers.

    a bold red seven leaning left on a green ground

Names of colours are the corners of the colour circle, 60° apart; a hue takes the name that is nearest. Where two names
meet, the name is a matter of convention, so that measures are taken twice: over all hues, and over those that lie
further than `SURE` from a border.
"""

import re

import numpy as np

from course_utils import checks

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COLOURS = ("red", "yellow", "green", "cyan", "blue", "magenta")  # hues 0, 1/6, 2/6, …
THICKNESS = ("thin", None, "bold")  # thirds; the middle one has no word
LEAN = ("leaning left", "upright", "leaning right")
SIZE = ("small", None, "large")
SURE = 1 / 36  # of the colour circle; a third of all hues is nearer than that to a border

# Where the words of each third begin and end: thickness and scale are uniform, lean nearly normal.
THIRDS = {"thickness": (2.333, 2.867), "lean": (0.03, 0.22), "scale": (0.883, 0.967)}
NAMES = {"digit": DIGITS, "stroke": COLOURS, "ground": COLOURS, "thickness": THICKNESS, "lean": LEAN, "size": SIZE}
TOLD = {"digit": 0.65, "stroke": 0.55, "ground": 0.55, "thickness": 0.35, "lean": 0.35, "size": 0.3}  # how often

# The thing, the ground, and what joins them; `caption` drops a ground that is not told, with its words.
_FORMS = (
    ("a {thickness} {size} {stroke} {digit} {lean}", "on a {ground} ground", "{thing} {behind}"),
    ("a {thickness} {size} {digit} in {stroke} {lean}", "on {ground}", "{thing} {behind}"),
    ("a {thickness} {size} {stroke} {digit} {lean}", "on a {ground} ground", "{behind} {thing}"),
    ("a {thickness} {size} {digit} in {stroke} {lean}", "{ground} behind", "{behind} {thing}"),
    ("a {thickness} {size} {stroke} {digit} {lean}", "a {ground} ground with", "{behind} {thing}"),
)
TEMPLATES = len(_FORMS)
LENGTH = 12  # the most words of a caption


class Words:
    """A vocabulary, and what turns sentences into rows of numbers: 0 is padding, 1 the first word.

    Args:
        words: each once.
        length: T, the most words of a sentence.
        unknown: whether a word that is not in the vocabulary becomes the last number instead of an error.

    Raises:
        ValueError: a word stands there twice.
    """

    def __init__(self, words, length, unknown=False):
        self.words, self.length, self.unknown = list(words), checks.count(length, "length"), unknown
        self.numbers = {word: number for number, word in enumerate(self.words, start=1)}
        if len(self.numbers) != len(self.words):
            twice = next(word for word in self.words if self.words.count(word) > 1)
            raise ValueError(f"Found the word {twice!r} twice in a vocabulary, expected each once; leave one out.")

    def __len__(self):
        """How many numbers there are: padding, words, and the unknown one."""
        return 1 + len(self.words) + self.unknown

    def tokens(self, texts):
        """Returns sentences as rows of whole numbers.

        Args:
            texts: list of str, words between blanks; small letters or capitals, commas do not count.

        Returns:
            float32 array (N, T), 0 after the last word: a game keeps floats on its device.

        Raises:
            TypeError: a single str.
            ValueError: an unknown word, no word, or more than T.
        """
        if isinstance(texts, str):
            raise TypeError(f"Found the text {texts!r}, expected a list of texts; write [text].")
        rows = np.zeros((len(texts), self.length), "float32")
        for row, text in zip(rows, texts):
            words = text.lower().replace(",", " ").split()
            if not 0 < len(words) <= self.length:
                raise ValueError(
                    f"Found {len(words)} words in {text!r}, expected 1 to {self.length}; say it in fewer words."
                )
            row[: len(words)] = [self._number(word, text) for word in words]
        return rows

    def _number(self, word, text):
        if word not in self.numbers and not self.unknown:
            raise ValueError(
                f"Found the word {word!r} in {text!r}, expected one of {', '.join(self.words)}; use these words."
            )
        return self.numbers.get(word, len(self) - 1)

    def texts(self, tokens):
        """Returns rows (N, T) of whole numbers as sentences, a list of str; an unknown word is a question mark."""
        known = ["", *self.words, "?"]
        return [" ".join(known[int(number)] for number in row if number) for row in np.asarray(tokens)]


def lean(factors):
    """Returns how far the top of a digit lies to the right of its foot, for each unit of height: float array (N,).

    lean = slant − tan(rotation), rotation counter-clockwise: what is seen, whichever of the two has made it.
    """
    return factors["slant"] - np.tan(np.deg2rad(factors["rotation"]))


def colour_of(hue):
    """Returns the index into COLOURS of the name nearest to each hue: int array."""
    return np.round(6 * np.asarray(hue, "float64")).astype("int64") % 6


def border_distance(hue):
    """Returns how far hues lie from the nearest border between two names, in parts of the circle: 0 to 1/12."""
    place = 6 * np.asarray(hue, "float64") + 0.5  # a border at each whole number
    return np.abs(place - np.round(place)) / 6


def attributes(labels, factors):
    """Returns what can be said of glyphs: dict of int arrays (N,), indices into NAMES.

    Args:
        labels: int (N,), digits.
        factors: dict of float (N,) as `glyphs.make` returns it, with colours.
    """
    thirds = {
        "thickness": np.digitize(factors["thickness"], THIRDS["thickness"]),
        "lean": np.digitize(lean(factors), THIRDS["lean"]),
        "size": np.digitize(factors["scale"], THIRDS["scale"]),
    }
    colours = {"stroke": colour_of(factors["hue"]), "ground": colour_of(factors["background"])}
    return {"digit": np.asarray(labels)} | colours | thirds


def held_out(found):
    """Returns which glyphs show a pair that a model is not to see in training: bool array (N,).

    Of 60 digits and stroke colours the ten with digit + stroke = 0 (mod 6), of 36 pairs of colours the six whose ground
    is two names further than the stroke. Each digit and each colour is seen with others.

    Args:
        found: as `attributes` returns it.
    """
    return held_digit(found["digit"], found["stroke"]) | held_ground(found["stroke"], found["ground"])


def held_digit(digit, stroke):
    """Which pairs of a digit and a stroke colour are never seen, bool."""
    return (digit + stroke) % 6 == 0


def held_ground(stroke, ground):
    """Which pairs of a stroke and a ground colour are never seen, bool."""
    return (stroke + 2) % 6 == ground


def caption(digit=None, stroke=None, ground=None, thickness=None, lean=None, size=None, template=0):
    """Returns a sentence of what is told.

    Args:
        digit, stroke, ground, thickness, lean, size: words of NAMES, or indices into them; None says nothing.
        template: which of the TEMPLATES ways of saying it.

    Returns:
        str, such as "a red seven on a green ground".

    Raises:
        ValueError: another word, index or template.
    """
    given = {"digit": digit, "stroke": stroke, "ground": ground, "thickness": thickness, "lean": lean, "size": size}
    words = {name: _word(name, value) for name, value in given.items()}
    if template not in range(TEMPLATES):
        raise ValueError(f"Found the template {template}, expected 0 to {TEMPLATES - 1}; take 0.")
    thing, behind, form = _FORMS[template]
    thing = thing if words["stroke"] else thing.replace(" in {stroke}", "")
    words["digit"] = words["digit"] or "digit"
    parts = {"thing": thing.format(**words), "behind": behind.format(**words) if words["ground"] else ""}
    return re.sub(r"\ba eight", "an eight", " ".join(form.format(**parts).split()))


def _word(name, value):
    known = NAMES[name]
    if value is None or value in known:
        return value or ""
    if isinstance(value, str) or not 0 <= value < len(known):
        choices = ", ".join(word for word in known if word)
        raise ValueError(f"Found {name}={value!r}, expected {choices} or an index of these; take one of them.")
    return known[int(value)] or ""


def captions(found, seed=0):
    """Returns a sentence for each glyph, its form and what it tells drawn by chance.

    Args:
        found: as `attributes` returns it.
        seed: int.

    Returns:
        list of str; each tells something.
    """
    rng, n = np.random.default_rng(seed), len(found["digit"])
    forms = rng.integers(TEMPLATES, size=n)
    told = {name: rng.random(n) < share for name, share in TOLD.items()}
    told["digit"] |= ~(told["stroke"] | told["ground"])  # a sentence that says nothing fits every picture
    return [
        caption(**{name: int(found[name][i]) for name in NAMES if told[name][i]}, template=int(forms[i]))
        for i in range(n)
    ]


_SMALL = ("a", "an", "on", "ground", "in", "behind", "with", "digit", "leaning", "left", "right", "upright")
WORDS = Words([*_SMALL, *DIGITS, *COLOURS, "thin", "bold", "small", "large"], LENGTH)
