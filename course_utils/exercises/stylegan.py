"""Exercises of lecture 09, StyleGAN."""

import numpy as np

from .exercise import Exercise
from .open_tasks import Experiment, Prediction


def _adain(x, scale, bias):
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return scale[:, None, None] * (x - mean) / np.sqrt(variance + 1e-8) + bias[:, None, None]


def _normalised(axes, ddof=0):
    """A mistaken AdaIN: statistics over other axes, or another estimate of the deviation."""

    def mistaken(x, scale, bias):
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, ddof=ddof, keepdims=True)
        return scale[:, None, None] * (x - mean) / np.sqrt(variance + 1e-8) + bias[:, None, None]

    return mistaken


def _maps(rng):
    cases = []
    for n, side, channels in ((2, 3, 2), (5, 4, 3), (3, 7, 6), (4, 5, 4)):
        x = rng.normal(size=(n, side, side + 1, channels)) * rng.uniform(0.5, 4, channels)
        x = x + rng.uniform(-3, 3, channels)
        cases.append((x, rng.normal(size=(n, channels)), rng.normal(size=(n, channels))))
    flat = np.array(cases[0][0])
    flat[0, ..., 0] = 2.5  # a map that is the same everywhere
    return [*cases, (flat, *cases[0][1:])]


adain = Exercise(
    title="Exercise 1 · Adaptive instance normalisation",
    question="""\
`x` is an array (N, H, W, C) of feature maps, `scale` and `bias` are (N, C), the style of each image. Return AdaIN of
the maps, (N, H, W, C). A map that is the same everywhere has deviation 0: add 1e-8 to the variance before you take the
root. The next cells use your function.""",
    start="""\
def my_adain(x, scale, bias):
    return ...
""",
    cases=_maps,
    expected=_adain,
    slips=(
        (_normalised((0, 1, 2)), "That is batch norm: the statistics are over all images. Each image has its own."),
        (_normalised((1, 2, 3)), "That is layer norm: the statistics are over all maps. Each map has its own."),
        (
            lambda x, s, b: _adain(x, 1 + s, b),
            "Here `scale` is y_s itself. The 1 + … belongs to the layer that makes it.",
        ),
        (lambda x, s, b: _adain(x, b, s), "Scale and bias are exchanged."),
        (lambda x, s, b: _adain(x, s, -b), "The bias is added, not subtracted."),
        (lambda x, s, b: _adain(x, s, 0 * b), "The bias is missing."),
        (
            lambda x, s, b: _adain(x, s, 0 * b) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-8) + b[:, None, None],
            "You divided by the variance. It is the deviation, its root.",
        ),
        (
            lambda x, s, b: s[:, None, None] * x / np.sqrt(x.var((1, 2), keepdims=True) + 1e-8) + b[:, None, None],
            "The mean of the map is still in it: subtract it first.",
        ),
    ),
    hints=(
        "Over which axes of (N, H, W, C) do you take the mean, if each map of each image has its own?",
        "`keepdims=True` keeps the mean as (N, 1, 1, C), so that it can be subtracted. `scale` needs the same shape.",
        "`scale[:, None, None]` is (N, 1, 1, C). Scale times (x − mean) / root of the variance, plus bias.",
    ),
    code="""\
def my_adain(x, scale, bias):
    mean = x.mean(axis=(1, 2), keepdims=True)
    variance = x.var(axis=(1, 2), keepdims=True)
    return scale[:, None, None] * (x - mean) / np.sqrt(variance + 1e-8) + bias[:, None, None]
""",
    why="""\
Mean and variance are taken over the pixels of one map of one image, so no image hears of another. What the layer below
wanted to say by the strength of the whole map is erased; the style says it anew. A constant map has nothing to
normalise: without the small number the division would give NaN.""",
)

shrunk = Prediction(
    title="Exercise 2 · How much variance is left?",
    question="""\
You draw all styles towards their mean with ψ = 0.7. By which factor does the variance of $w$, summed over its axes,
change? Say a number, then run the next cell.""",
    start="my_factor = ...\n",
    near=0.03,
    slips=(
        (lambda measured: np.sqrt(measured), "Lengths are multiplied by ψ. Variances are squared lengths."),
        (lambda measured: 1 - measured, "That is the part that goes. Which part stays?"),
        (lambda measured: 0.3, "1 − ψ is how far a style moves towards the mean, as a share of its distance."),
        (lambda measured: 1, "With ψ = 1 nothing would change; here all styles come nearer to their mean."),
    ),
    hints=(
        "What happens to the distance of one style from the mean?",
        "A variance is a mean squared distance from the mean.",
    ),
    code="my_factor = 0.49\n",
    why="""\
$w' - \\bar w = \\psi (w - \\bar w)$, so every distance is multiplied by ψ and every squared distance by
$\\psi^2 = 0.49$.
(The mean that is kept in the network is a running one, a little off the mean of your draws; a shift changes no
variance.)""",
)


def _demodulated(kernel, scale):
    styled = kernel * scale[:, None]
    return styled / np.sqrt(np.square(styled).sum(axis=(0, 1, 2)) + 1e-8)


def _over(*axes):
    def mistaken(kernel, scale):
        styled = kernel * scale[:, None]
        return styled / np.sqrt(np.square(styled).sum(axis=axes, keepdims=True) + 1e-8)

    return mistaken


def _kernels(rng):
    return [(rng.normal(size=(k, k, i, o)) * rng.uniform(0.3, 3), rng.uniform(-2, 3, i))
            for k, i, o in ((1, 2, 3), (3, 4, 5), (3, 5, 2), (1, 3, 3), (5, 2, 4))]  # fmt: skip


demodulation = Exercise(
    title="Exercise 3 · Repair a demodulation",
    question="""\
StyleGAN2 scales the inputs of a kernel by a style and then divides so that the output keeps its deviation. `kernel` is
an array (k, k, inputs, outputs), `scale` is (inputs,), the style of one image; return the kernel for that image.
Somebody wrote this, and the styles had hardly any effect. Find the fault and repair it. Add 1e-8 under the root.""",
    start="""\
def my_demodulated(kernel, scale):
    styled = kernel * scale[:, None]
    length = np.sqrt(np.square(styled).sum(axis=(0, 1, 3)) + 1e-8)
    return styled / length[:, None]
""",
    cases=_kernels,
    expected=_demodulated,
    broken=lambda kernel, scale: _over(0, 1, 3)(kernel, scale),
    slips=(
        (_over(0, 1), "The sum is over the places alone. An output adds up all its inputs too."),
        (_over(2), "The sum is over the inputs alone. An output adds up all places of the kernel too."),
        (_over(0, 1, 2, 3), "You divide by the length of the whole kernel. Each output map has its own length."),
        (
            lambda kernel, scale: kernel / np.sqrt(np.square(kernel).sum(axis=(0, 1, 2)) + 1e-8),
            "The style is gone: scale the inputs first, then divide.",
        ),
        (
            lambda kernel, scale: _demodulated(kernel, np.ones_like(scale)) * scale[:, None],
            "The length is that of the kernel before the style. Take it after scaling.",
        ),
        (
            lambda kernel, scale: kernel * scale[:, None] / (np.square(kernel * scale[:, None]).sum((0, 1, 2)) + 1e-8),
            "You divide by the squared length. Take the root.",
        ),
    ),
    hints=(
        "An output map is a sum over which axes of the kernel?",
        "If all inputs have deviation 1 and are independent, the variance of output j is the sum of all squared "
        "numbers in `styled[..., j]`.",
        "Sum over the axes 0, 1 and 2; the last one, the outputs, stays.",
    ),
    code="""\
def my_demodulated(kernel, scale):
    styled = kernel * scale[:, None]
    return styled / np.sqrt(np.square(styled).sum(axis=(0, 1, 2)) + 1e-8)
""",
    why="""\
Each output map is a sum over places and inputs, so its expected variance is the sum of those squared weights. The
broken code made every *input* have length 1, which takes the style out again and leaves the outputs with any
deviation.""",
)


def _sound_cuts(measured):
    if not isinstance(measured, dict) or len(measured) < 3:
        return "`my_cuts` is a dict of at least three numbers of layers: {layers truncated: (FD, saturation)}."
    numbers = sorted(int(number) for number in measured)
    if numbers[0] > 2 or numbers[-1] < 8:
        return "go from two layers or fewer to all eight of them."
    for number, (fd, colour) in measured.items():
        if not np.isfinite(float(fd)) or float(fd) < 0:
            return f"with {number} layers the Fréchet distance is not a finite number, 0 or more."
        if not 0 <= float(colour) <= 1:
            return f"with {number} layers the saturation is {float(colour):.2f}; it lies between 0 and 1."
    return None


cuts = Experiment(
    title="Exercise 4 · Which layers should be truncated?",
    question="""\
Section 8 truncates all layers, or the first four. Try at least three numbers of layers, from two or fewer to all
eight, with ψ = 0.7. Fill a dict, `{number of layers: (FD, saturation of the ground)}`, and write in a sentence or two
where colour and where shape are lost, and what you would use.""",
    start="""\
my_cuts = ...
my_conclusion = ...
""",
    sound=_sound_cuts,
    rubric=(
        "It names FD and saturation for each number of layers.",
        "It says which layers have to be truncated for the ground to lose its colour, and which for FD to rise.",
        "It concludes that shapes, not colours, are what costs FD, and ties that to the table of section 6.",
        "It says whether FD falls below that of ψ = 1 anywhere, and that this holds for these data and this judge.",
    ),
    hints=(
        "`mixed(truncated(F, many, 0.7), many, k, count)` truncates the first k layers.",
        "Compare the table of section 6: which layers decide on the background, and which on the digit?",
    ),
    code="""\
my_cuts = {}
for k in (0, 2, 4, 6, 8):
    styles = mixed(truncated(F, many, 0.7), many, k, count)
    samples = images_of(G, styles, noise_for(G, len(many), np.random.default_rng(2)))
    my_cuts[k] = distance_to_real(samples), saturation(samples)
my_conclusion = "FD rises with the first layers, where shapes are made; the ground goes grey only with the last ones."
""",
    why="""\
A mean style is a compromise in everything that its layers decide. In the first layers that is the digit, and there is
no digit between two digits; in the last ones it is the colour, and the mean of all hues is grey. Two faults, in two
places.""",
)
