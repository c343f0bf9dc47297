"""The pictures: right numbers on right axes, colours that tell groups apart, and a text for those who do not see them."""

import matplotlib as mpl

mpl.use("Agg")

import IPython.display
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from coursekit import plots


@pytest.fixture(autouse=True)
def no_open_figures():
    """Each test begins and ends without figures."""
    plt.close("all")
    yield
    plt.close("all")


def test_principal_axes_of_points_on_a_line():
    direction = np.array([0.6, 0.8, 0.0])
    vectors = np.outer([-2.0, 0.0, 1.0, 3.0], direction) + np.array([5.0, 5.0, 5.0])
    points = plots.principal_axes(vectors)
    assert points.shape == (4, 2)
    np.testing.assert_allclose(points[:, 0], [-2.5, -0.5, 0.5, 2.5], atol=1e-9)
    np.testing.assert_allclose(points[:, 1], 0, atol=1e-9)


def test_principal_axes_keep_their_signs_when_rows_are_reordered():
    vectors = np.random.default_rng(0).normal(size=(30, 6)) * np.array([5, 3, 1, 1, 1, 1])
    order = np.random.default_rng(1).permutation(30)
    np.testing.assert_allclose(plots.principal_axes(vectors)[order], plots.principal_axes(vectors[order]), atol=1e-9)


def test_embedding_map_draws_every_point_once():
    vectors = np.random.default_rng(0).normal(size=(9, 5))
    labels = ["b", "a", "c"] * 3
    (axes,) = plots.embedding_map(vectors, labels, "A map").axes
    assert axes.get_title() == "A map"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c"]
    drawn = np.concatenate([group.get_offsets() for group in axes.collections])
    points = plots.principal_axes(vectors)
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(points, axis=0))
    np.testing.assert_allclose(axes.collections[0].get_offsets(), points[1::3])  # the label "a"
    colours = {tuple(group.get_facecolor()[0]) for group in axes.collections}
    assert len(colours) == 3


def test_lines_draws_each_column():
    table = pd.DataFrame({"x1": [0.1, 0.2], "x2": [0.3, 0.5]}, index=[64, 128])
    (axes,) = plots.lines(table, title="T", x_label="size", y_label="recall", log_x=True).axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == ("size", "recall", "log")
    assert [list(line.get_ydata()) for line in axes.lines] == [[0.1, 0.2], [0.3, 0.5]]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["64", "128"]
    assert len({line.get_color() for line in axes.lines}) == 2
    assert len({line.get_marker() for line in axes.lines}) == 2


def test_trade_off_joins_points_within_a_group():
    points = pd.DataFrame({"ms": [1.0, 2.0, 3.0], "recall": [0.5, 0.9, 1.0], "kind": ["ivf", "ivf", "flat"]})
    figure = plots.trade_off(points, x="ms", y="recall", group="kind", title="T", x_label="ms", y_label="recall")
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert [list(line.get_xdata()) for line in axes.lines] == [[1.0, 2.0], [3.0]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ivf", "flat"]


def test_intervals_shows_means_from_top_to_bottom():
    table = pd.DataFrame({"mean": [0.5, 0.7], "low": [0.4, 0.65], "high": [0.55, 0.8]}, index=["dense", "bm25"])
    (axes,) = plots.intervals(table, title="T", x_label="recall").axes
    marks = axes.lines[0]
    assert list(marks.get_xdata()) == [0.5, 0.7]
    assert list(marks.get_ydata()) == [1, 0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["dense", "bm25"]
    bars = [segment for group in axes.collections for segment in group.get_segments()]
    np.testing.assert_allclose([segment[:, 0] for segment in bars], [[0.4, 0.55], [0.65, 0.8]])


def test_show_displays_a_png_with_its_text_and_closes_the_figure(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    plots.show(figure, "A line that rises.")
    assert plt.get_fignums() == []
    (image,) = shown
    assert image.data.startswith(b"\x89PNG")
    assert image._repr_mimebundle_()[1]["image/png"]["alt"] == "A line that rises."
