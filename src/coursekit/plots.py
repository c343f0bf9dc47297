"""The course's pictures: colour-blind-safe, each with a text that says what it shows."""

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

# M. Okabe and K. Ito, "Color Universal Design" (2008), with the yellow left out: it is too pale for thin lines.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
MARKERS = "osD^vPX*<>"


def show(figure: Figure, alt: str) -> None:
    """Display a figure with its alternative text, and close it."""
    from IPython.display import Image, display

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    display(Image(buffer.getvalue(), format="png", alt=alt))


def principal_axes(vectors: np.ndarray) -> np.ndarray:
    """Project (n, d) vectors on their two directions of largest spread: (n, 2). The signs are fixed so that a rerun looks the same."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2, np.abs(axes[:2]).argmax(axis=1)].diagonal())[:, None]
    return centred @ axes.T


def embedding_map(vectors: np.ndarray, labels: Sequence[str], title: str) -> Figure:
    """A scatter plot of vectors on two axes, one colour and marker for each label."""
    points = principal_axes(vectors)
    figure, axes = plt.subplots(figsize=(7.5, 5))
    for number, label in enumerate(sorted(set(labels))):
        chosen = points[[name == label for name in labels]]
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        filled = colour if number < len(COLOURS) else "none"  # where colours come round again, the marker is hollow
        axes.scatter(*chosen.T, s=16, edgecolors=colour, facecolors=filled, marker=marker, alpha=0.7, label=label)
    axes.set(title=title, xlabel="first axis", ylabel="second axis")
    axes.legend(bbox_to_anchor=(1.01, 1), loc="upper left", frameon=False, markerscale=1.6)
    return figure


def lines(table: pd.DataFrame, *, title: str, x_label: str, y_label: str, log_x: bool = False) -> Figure:
    """One line for each column of a table, over its index."""
    figure, axes = plt.subplots(figsize=(6.5, 4))
    for number, column in enumerate(table.columns):
        style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
        axes.plot(table.index, table[column], label=str(column), **style)
    if log_x:
        axes.set_xscale("log", base=2)
        axes.set_xticks(list(table.index), [str(value) for value in table.index])
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def trade_off(points: pd.DataFrame, *, x: str, y: str, group: str, title: str, x_label: str, y_label: str) -> Figure:
    """Settings as points, joined within each group, with the horizontal axis on a log scale: recall against latency, for one."""
    figure, axes = plt.subplots(figsize=(6.5, 4))
    for number, (name, rows) in enumerate(points.groupby(group, sort=False)):
        style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
        axes.plot(rows[x], rows[y], label=name, **style)
    axes.set_xscale("log")
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.3, which="both")
    axes.legend(frameon=False)
    return figure


def intervals(table: pd.DataFrame, *, title: str, x_label: str) -> Figure:
    """Means with their intervals as horizontal bars. The table has the columns `mean`, `low`, `high`; its index names the rows."""
    figure, axes = plt.subplots(figsize=(6.5, 0.5 * len(table) + 1.2))
    rows = np.arange(len(table))[::-1]
    spread = np.abs(table[["low", "high"]].to_numpy().T - table["mean"].to_numpy())
    axes.errorbar(table["mean"], rows, xerr=spread, fmt="o", color=COLOURS[0], capsize=4)
    axes.set_yticks(rows, [str(name) for name in table.index])
    axes.set(title=title, xlabel=x_label, ylim=(-0.6, len(table) - 0.4))
    axes.grid(alpha=0.3, axis="x")
    return figure
