"""One look for all figures, and the way a figure gets into a notebook."""

import base64
import io
import os
import sys

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

# Okabe & Ito, "Color universal design", 2008, black last: told apart by colour-blind readers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Petroff, "Accessible color sequences for data visualization", 2021: ten classes.
DIGITS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip

STYLE = {
    "figure.dpi": 90,
    "figure.constrained_layout.use": True,
    "font.size": 14,
    "axes.titlesize": 15,
    "axes.labelsize": 14,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 13,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "lines.linewidth": 2.5,
    "axes.prop_cycle": matplotlib.cycler(
        color=COLOURS, linestyle=["-", "--", "-.", ":", "-", "--", "-."]
    ),
}
matplotlib.rcParams.update(STYLE)


def figure(rows=1, columns=1, width=10.0, height=4.0, **subplots):
    """Makes an empty figure in the course's style, outside pyplot, so that nothing draws it twice.

    Args:
        rows, columns: axes in the figure.
        width, height: in inches; a notebook page is 10 wide.
        subplots: further arguments of `Figure.subplots`.

    Returns:
        (figure, axes), axes as `Figure.subplots` returns them.
    """
    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns, **subplots)


def png(figure):
    """Returns a figure as the bytes of a PNG with at most 256 colours, a third of the usual size."""
    buffer, small = io.BytesIO(), io.BytesIO()
    uncompressed = {"compress_level": 0}  # it is read again at once
    figure.savefig(
        buffer, format="png", facecolor="white", bbox_inches="tight", pad_inches=0.06, pil_kwargs=uncompressed
    )
    buffer.seek(0)
    picture = Image.open(buffer).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        small, format="png", optimize=True
    )
    return small.getvalue()


def moving_png(figures, milliseconds=450, rounds=3):
    """Returns figures as the bytes of an animated PNG that plays a few times and stops at its last frame.

    Where animation is unknown, its first frame is shown. All frames share one palette of 16 colours.

    Args:
        figures: matplotlib figures of one size, drawn frame by frame.
        milliseconds: for which each frame is shown.
        rounds: how often it plays; not for ever, for the sake of readers.
    """
    frames = []
    for figure in figures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", facecolor="white", pil_kwargs={"compress_level": 0})
        buffer.seek(0)
        frames.append(Image.open(buffer).convert("RGB"))
    strip = Image.new("RGB", (frames[0].width, frames[0].height * len(frames)))
    for place, frame in enumerate(frames):
        strip.paste(frame, (0, place * frame.height))
    palette = strip.quantize(16, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    made = io.BytesIO()
    first.save(made, format="PNG", save_all=True, append_images=others, duration=milliseconds, loop=rounds)
    return made.getvalue()


def bundle(figure, alt):
    """Returns the (data, metadata) of a notebook output: the picture, or an animation, and its alternative text."""
    picture = moving_png(figure) if isinstance(figure, list) else png(figure)
    encoded = base64.b64encode(picture).decode("ascii")
    return {"image/png": encoded, "text/plain": alt}, {"image/png": {"alt": alt}}


def show(figure, alt):
    """Displays a figure in the notebook.

    Args:
        figure: a matplotlib figure, or a list of figures of one size: the frames of an animation.
        alt: one or two sentences that say what is to be seen; they are stored with the picture,
            and are all that is shown where pictures cannot be.

    Raises:
        ValueError: if alt is empty.
    """
    if not alt.strip():
        raise ValueError("alt is empty; say in a sentence what the figure shows.")
    if "IPython" not in sys.modules:
        print(alt)
        return
    from IPython.display import display

    data, metadata = bundle(figure, alt)
    display(data, metadata=metadata, raw=True)


def interactive():
    """True in a notebook that a person watches: a kernel, and no build or smoke run."""
    return _in_notebook() and os.environ.get("COURSE_PROFILE") != "smoke" and not os.environ.get("COURSE_BUILD")


def hurried():
    """True in a notebook that runs in the profile `smoke`, which leaves out what costs time to look at."""
    return _in_notebook() and os.environ.get("COURSE_PROFILE") == "smoke"


def _in_notebook():
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
