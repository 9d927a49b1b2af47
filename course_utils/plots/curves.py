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
        axis.plot(range(1, len(values) + 1), values, marker=marker, label=f"{text}: {values[-1]:.1f}")
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
