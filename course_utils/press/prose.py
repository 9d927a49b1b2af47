"""What a paragraph of Markdown says first, for a slide."""

import re

SHORT = 60  # columns; a shorter first sentence seldom says what matters
_NO_BREAK = ("al", "e.g", "i.e", "cf", "vs", "eq", "fig", "Eq", "Fig", "St", "Dr", "approx")


def lead(text, most):
    """Returns the first sentence of a paragraph, and the next while that is short, up to `most` columns."""
    flat = " ".join(text.split())
    said = first_sentence(flat)
    while width(said) < SHORT and said != flat:
        longer = f"{said} {first_sentence(flat[len(said) :].strip())}"
        if width(longer) > most:
            break
        said = longer
    return said


def announcement(text):
    """Returns the last sentence of a paragraph if it announces what comes next, a formula or a list, else ""."""
    left = " ".join(text.split())
    if not left.endswith((":", ",")):
        return ""
    while (said := first_sentence(left)) != left:
        left = left[len(said) :].strip()
    return left


def width(text):
    """Returns about how many columns a text takes: a formula half of its LaTeX, a link those of its words."""
    plain = re.sub(r"\]\([^)]*\)", "", text)
    plain = re.sub(r"\$([^$]*)\$", lambda m: "x" * (2 + len(re.sub(r"\\[a-z]+|[{}^_\\]", "", m[1]))), plain)
    return len(" ".join(plain.split()))


def first_sentence(text):
    """Returns the first sentence of a paragraph of Markdown; formulas and code are not cut."""
    flat = " ".join(text.split())
    masked = re.sub(r"(\$[^$]*\$|`[^`]*`|\([^()]*\)|\]\([^)]*\))", lambda m: "x" * len(m[0]), flat)
    for end in re.finditer(r"[.!?][*_”\"')]*(?=\s+[A-Z*_`$“\"x(])", masked):
        before = masked[: end.start()]
        if before.rsplit(" ", 1)[-1].strip("(") in _NO_BREAK or re.search(r"^\d+$|\b[A-Z]$", before):
            continue
        said = flat[: end.end()]
        if said.count("**") % 2 == 0 and not re.fullmatch(r"([-*+] |\d+\. )?\*\*[^*]*\*\*", said):  # it says nothing
            return said
    return flat
