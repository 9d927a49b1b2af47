"""Numbers over time, and numbers side by side."""

from matplotlib.ticker import MaxNLocator

from .style import COLOURS, figure


def curves(history, labels, ylabel="nats per image", xlabel="epoch", title=None, axis=None):
    """Draws what a training logged.

    Args:
        history: dict name -> list of numbers, one an epoch, as `History.history`.
        labels: dict name -> text written at the end of the line; only these are drawn.
        ylabel, xlabel, title: texts.
        axis: draw into this axis; a new figure if None.

    Returns:
        The matplotlib figure.
    """
    if axis is None:
        made, axis = figure(width=8.0, height=4.2)
    else:
        made = axis.figure
    drawn = {name: text for name, text in labels.items() if history.get(name)}
    for name, text in drawn.items():
        values = [float(v) for v in history[name]]
        marker = "o" if len(values) < 30 else None
        axis.plot(range(1, len(values) + 1), values, marker=marker, label=f"{text}: {_short(values[-1])}")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if drawn:
        axis.legend()
    if title:
        axis.set_title(title)
    return made


def bars(panels, labels, width=10.0, height=3.6, form="{:.3g}"):
    """Draws one panel of bars a quantity, the number written on each bar.

    Args:
        panels: dict title -> list of numbers, one a label.
        labels: texts under the bars.
        width, height: of the figure in inches.
        form: how a number is written.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    hatches = ("", "//", "..", "xx", "--", "\\\\", "oo")
    for axis, (title, values) in zip(axes[0], panels.items()):
        drawn = axis.bar(labels, values, color=COLOURS[: len(labels)], edgecolor="black")
        for bar, hatch in zip(drawn, hatches):
            bar.set_hatch(hatch)
        axis.bar_label(drawn, [form.format(v) for v in values], padding=3, fontsize=14)
        axis.set_title(title)
        axis.margins(y=0.18)
        axis.grid(axis="x", visible=False)
    return made


def dots(panels, labels, width=10.0, height=3.8, logarithmic=False):
    """Draws one panel a quantity: a dot for each seed, and a bar at their mean.

    Args:
        panels: dict title -> list of lists of numbers, one list a label and one number a seed.
        labels: texts under the columns of dots.
        width, height: of the figure in inches.
        logarithmic: use a logarithmic axis.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    for axis, (title, table) in zip(axes[0], panels.items()):
        for place, values in enumerate(table):
            middle, colour = sum(values) / len(values), COLOURS[place % len(COLOURS)]
            axis.hlines(middle, place - 0.3, place + 0.3, color=colour, linewidth=2.5)
            axis.plot([place] * len(values), values, "o", color=colour, markersize=8, markeredgecolor="white")
            axis.annotate(f"{middle:.3g}", (place + 0.33, middle), va="center", fontsize=12)
        axis.set_xticks(range(len(labels)), labels)
        axis.set(title=title, xlim=(-0.5, len(labels) - 0.15))
        if logarithmic:
            axis.set_yscale("log")
        axis.grid(axis="x", visible=False)
    return made


def _short(number):
    """A number with one decimal, and with more where it is small: 0.65 is not 0.6."""
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.3g}"
