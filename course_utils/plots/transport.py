"""Lecture 06: what moves where, what it costs, and what clipping does to a critic."""

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from .style import COLOURS, figure

REAL, FAKE, OTHER = COLOURS[0], COLOURS[1], COLOURS[2]


def transport_plan(real, fake, plan, title=None):
    """Draws a transport plan twice: as lines between points of the plane, and as a table of masses.

    Args:
        real: float (m, 2), where the earth comes from.
        fake: float (n, 2), where it goes.
        plan: float (m, n), the mass moved from each to each; rows and columns sum to the weights.
        title: of the left panel.

    Returns:
        A matplotlib figure. Lines are as thick, and cells as dark, as the mass is large.
    """
    made, (left, right) = figure(1, 2, width=11.0, height=4.8)
    for i, j in np.argwhere(plan > 1e-9):
        ends = np.stack([real[i], fake[j]])
        left.plot(*ends.T, color="0.45", linestyle="-", linewidth=1 + 5 * plan[i, j] / plan.max(), zorder=1)
    for points, weights, name, colour, marker in (
        (real, plan.sum(1), "real", REAL, "o"),
        (fake, plan.sum(0), "fake", FAKE, "s"),
    ):
        size = 250 + 250 * weights / weights.mean()
        left.scatter(
            *points.T, s=size, color=colour, marker=marker, edgecolor="black", label=name, zorder=2, clip_on=False
        )
        for number, point in enumerate(points, start=1):
            left.annotate(f"{number}", point, fontsize=13, color="white", weight="bold", ha="center", va="center")
    left.legend(loc="upper left", bbox_to_anchor=(0, 0.02), ncols=2, markerscale=0.6)
    left.spines[:].set_visible(False)
    left.set(xticks=[], yticks=[], title=title or "The cheapest plan")
    left.set_aspect("equal", adjustable="datalim")
    left.margins(0.15)
    _table(right, plan, "Greys", "mass moved")
    return made


def slackness(slack, plan):
    """Draws how far a critic stays below each price, with a dot where the best plan moves earth.

    Args:
        slack: float (m, n), distance minus the difference of the scores, ≥ 0 for a 1-Lipschitz critic.
        plan: float (m, n), the mass moved.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=6.8, height=4.8)
    _table(axis, slack, "Blues", "distance − (f(real) − f(fake))")
    rows, columns = np.nonzero(plan > 1e-9)
    axis.scatter(columns + 1, rows + 1, s=110, color=FAKE, edgecolor="black", label="the plan moves earth here")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return made


def _table(axis, values, colours, label):
    m, n = values.shape
    shown = axis.imshow(
        values, cmap=colours, vmin=0, extent=(0.5, n + 0.5, m + 0.5, 0.5), aspect="auto", interpolation="nearest"
    )
    axis.figure.colorbar(shown, ax=axis, label=label)
    axis.set(xlabel="fake point", ylabel="real point", xticks=range(1, n + 1), yticks=range(1, m + 1))
    axis.grid(False)


def parallel_lines(theta, distances, slopes):
    """Draws two parallel lines, their distances, and the slopes of the distances, against θ.

    Args:
        theta: float (n,), the offsets at which the distances were computed.
        distances: dict name -> float (n,), at most three; infinite values are left out.
        slopes: dict name, one of those of `distances` -> float (n,); NaN is left out.

    Returns:
        A matplotlib figure with three panels.
    """
    made, (scene, middle, right) = figure(1, 3, width=13.0, height=4.2)
    for x, colour, name in ((0, REAL, "real"), (1, FAKE, "fake")):
        scene.plot([x, x], [0, 1], color=colour, linestyle="-", linewidth=6, label=name)
    scene.annotate("", (1, 0.5), (0, 0.5), arrowprops={"arrowstyle": "<->", "lw": 2, "shrinkA": 6, "shrinkB": 6})
    scene.text(0.5, 0.55, "θ", ha="center", fontsize=20)
    scene.set(xlim=(-0.5, 1.5), ylim=(-0.1, 1.35), xticks=[], yticks=[0, 1], title="Two distributions")
    scene.legend(loc="upper center", ncols=2)
    look = {name: (colour, marker) for name, colour, marker in zip(distances, COLOURS[4:1:-1], "oso")}
    for axis, curves, title in ((middle, distances, "Distance"), (right, slopes, "Slope, by θ")):
        for name, values in curves.items():
            values, (colour, marker) = np.asarray(values, "float64"), look[name]
            drawn = np.isfinite(values)
            alone = {"markersize": 22, "fillstyle": "none", "markeredgewidth": 2.5} if drawn.sum() == 1 else {}
            axis.plot(theta[drawn], values[drawn], marker, color=colour, linestyle="", label=name, **alone)
        axis.set(xlabel="offset θ", title=title)
        axis.legend(loc="best")
        axis.margins(y=0.15)
    return made


def verdicts(x, real, fake, curves, best=None):
    """Draws one-dimensional data and what discriminators or critics say about every place.

    Args:
        x: float (n,), places.
        real, fake: float (k,), the data.
        curves: dict title -> (values (n,), label of the axis), one panel each.
        best: dict title -> values (n,) to draw dashed in that panel, or None.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(curves), width=11.0, height=4.2, squeeze=False)
    for axis, (title, (values, label)) in zip(axes[0], curves.items()):
        dashed = [best[title]] if best and title in best else []
        low, high = float(np.min([values, *dashed])), float(np.max([values, *dashed]))
        room = 0.35 * (high - low)
        for points, colour, name in ((real, REAL, "real"), (fake, FAKE, "fake")):
            counts, edges = np.histogram(points, bins=60, range=(x[0], x[-1]))
            bars = low - room + 0.9 * room * counts / max(1, counts.max())
            axis.fill_between(edges[:-1], low - room, bars, step="post", color=colour, alpha=0.6, label=name)
        axis.plot(x, values, color="black", linestyle="-", label="trained")
        for curve in dashed:
            axis.plot(x, curve, color=OTHER, linestyle="--", label="the best 1-Lipschitz")
        axis.set(xlabel="x", ylabel=label, title=title, ylim=(low - room, high + 0.1 * room))
        axis.set_yticks([tick for tick in axis.get_yticks() if low - 0.1 * room <= tick <= high + 0.1 * room])
    axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return made


def drifting(real, paths, frames=5):
    """Draws numbers on their way to the data as a film strip: a row a game, a column a moment.

    Args:
        real: float (n,), the data, which stand still.
        paths: dict label -> float (steps + 1, n), where the fakes are at the start and after each step.
        frames: moments shown, evenly spaced; the first and the last are among them.

    Returns:
        A matplotlib figure of histograms, all on one scale; fakes that left it are not drawn.
    """
    made, axes = figure(len(paths), frames, width=12.0, height=1.7 * len(paths) + 0.6, sharex=True, sharey=True,
                        squeeze=False)  # fmt: skip
    starts = np.concatenate([real, *(path[0] for path in paths.values())])
    bins = np.linspace(starts.min() - 0.3, starts.max() + 0.3, 41)
    for row, (label, path) in zip(axes, paths.items()):
        shown = np.linspace(0, len(path) - 1, frames).round().astype(int)
        for axis, step in zip(row, shown):
            axis.hist(real, bins, color="lightgrey", label="real")
            axis.hist(path[step], bins, histtype="step", linewidth=2, color="C1", label="fake")
            axis.set(yticks=[])
            if axis in axes[0]:
                axis.set_title(f"{step} steps")
        row[0].set_ylabel(label)
    for axis in axes[-1]:
        axis.set_xlabel("x")
    axes[0, 0].legend(loc="upper center", fontsize=12)
    return made


def clipped_weights(weights, limits):
    """Draws the weights of clipped critics, each in units of its limit, and the share that sits at the limit.

    Args:
        weights: dict title -> float (n,), all weights of a critic.
        limits: float c of each.

    Returns:
        A matplotlib figure, one panel a critic.
    """
    made, axes = figure(1, len(weights), width=max(5.0, 3.9 * len(weights)), height=3.8, sharey=True, squeeze=False)
    for axis, (title, values), limit in zip(axes[0], weights.items(), limits):
        relative = np.asarray(values, "float64") / limit
        axis.hist(relative, bins=41, range=(-1.025, 1.025), weights=np.full(len(relative), 1 / len(relative)))
        axis.set(xlabel="weight / c", title=title, xticks=[-1, 0, 1], ylim=(0, 0.75))
        axis.text(0, 0.55, f"{at_limit(values, limit):.0%}\nat ±c", ha="center", fontsize=18)
    axes[0, 0].set_ylabel("share of the weights")
    return made


def at_limit(weights, limit):
    """Returns the share of weights that sit at ±limit, to a hundredth of it."""
    return float(np.mean(np.abs(weights) >= 0.99 * limit))


def layer_norms(rows, title=None, ylabel="norm of the gradient"):
    """Draws the size of the gradient in each layer, on a logarithmic axis.

    Args:
        rows: dict label -> float (layers,), from the layer at the data to the layer at the score.
        title: of the figure.
        ylabel: text.

    Returns:
        A matplotlib figure. What is 0 in float32 is left out, since a logarithm knows no 0.
    """
    made, axis = figure(width=9.0, height=4.4)
    for (label, norms), marker in zip(rows.items(), "osD^v"):
        norms = np.where(np.asarray(norms) > 0, norms, np.nan)
        axis.plot(range(1, len(norms) + 1), norms, marker=marker, label=label)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(numticks=7))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set(xlabel="layer, from the data to the score", ylabel=f"{ylabel} (log)", title=title or "")
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return made


def thermometers(panels, xlabel="FD of the samples", columns=2):
    """Draws a loss against the distance of the samples, from the start of a training to its end.

    Args:
        panels: dict title -> (distance (n,), loss (n,), label of the loss), in the order of time.
        xlabel: text; the axis is logarithmic.
        columns: panels a row.

    Returns:
        A matplotlib figure, one panel a training; dots go from light to dark with time, and the last is a star.
    """
    rows = -(-len(panels) // columns)
    made, axes = figure(rows, columns, width=5.5 * columns, height=3.9 * rows, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, (title, (distance, loss, label)) in zip(axes.flat, panels.items()):
        axis.plot(distance, loss, color="0.7", linestyle="-", linewidth=1)
        axis.scatter(distance, loss, c=np.arange(len(loss)), cmap="Blues", vmin=-len(loss) / 2, s=70, edgecolor="black")
        axis.scatter(distance[:1], loss[:1], s=70, color="white", edgecolor="black", label="start", zorder=3)
        axis.scatter(distance[-1:], loss[-1:], marker="*", s=420, color=FAKE, edgecolor="black", label="end", zorder=3)
        axis.set(xlabel=f"{xlabel} (log)", ylabel=label, title=title, xscale="log")
        _decades(axis.xaxis)
        axis.margins(0.1)
        axis.legend(loc="best", markerscale=0.6)
    return made


def duality(earned, costs, best, width=9.0):
    """Draws what critics earn and what plans cost, with the number between the two.

    Args:
        earned: float (n,), of 1-Lipschitz critics.
        costs: float (m,), of plans.
        best: float, the earth mover's distance.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=3.6)
    edges = np.linspace(min(earned), max(costs), 70)
    axis.hist(earned, edges, color=OTHER, label="critics: what each earns")
    axis.hist(costs, edges, color="0.5", label="plans: what each costs")
    axis.axvline(best, color="black", linestyle="--", label=f"W = {best:.3f}")
    axis.set(xlabel="earnings, costs", ylabel="how many")
    made.legend(loc="outside upper center", ncols=3)
    return made


def growth(traces, xlabel, ylabel, limit=None, log=True, title=None):
    """Draws how numbers grow over training, on a logarithmic axis; seeds as thin lines, their mean as a thick one.

    Args:
        traces: dict label -> (steps (n,), values (seeds, n)).
        xlabel, ylabel, title: texts.
        limit: (value, text) of a dashed line, or None.
        log: False draws a linear axis.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=9.0, height=4.2)
    for (label, (steps, values)), colour in zip(traces.items(), COLOURS):
        axis.plot(steps, np.transpose(values), color=colour, linestyle="-", linewidth=1, alpha=0.5)
        axis.plot(steps, np.mean(values, axis=0), color=colour, linestyle="-", marker="o", markersize=5, label=label)
    if limit:
        axis.axhline(limit[0], color="black", linestyle="--", linewidth=1.5, label=limit[1])
    axis.set(xlabel=xlabel, ylabel=f"{ylabel} (log)" if log else ylabel, title=title or "")
    if log:
        axis.set_yscale("log")
        _decades(axis.yaxis)
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return made


def _decades(axis):
    axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5) if np.ptp(np.log10(axis.get_data_interval())) < 1.5 else (1,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())
