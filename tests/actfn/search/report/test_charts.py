"""The paths of the pictures, against values worked out by hand."""

import dataclasses
import math
import re

import numpy as np
import pytest
from keras import ops
from scipy.special import expit

from actfn import catalog
from actfn.search.report import charts, curves
from tests.actfn.search.report import samples


def points(path):
    found = re.findall(r"[ML]([\d.]+) ([-\d.]+)", path)
    x, y = np.array(found, float).T
    x = x / curves.WIDTH * 2 * curves.REACH - curves.REACH
    return x, curves.HIGH - y / curves.HEIGHT * (curves.HIGH - curves.LOW)


def test_a_curve_has_the_values_and_slopes_of_the_function():
    found = curves.curve("swish")
    x, y = points(found.value)
    assert len(x) == 121
    np.testing.assert_allclose(y, x * expit(x), atol=0.01)
    x, slope = points(found.slope)
    s = expit(x)
    np.testing.assert_allclose(slope, s + x * s * (1 - s), atol=0.01)
    assert found.python == 'actfn.get("swish")'
    assert "sigma" in found.latex


def test_the_parameter_of_a_named_function_starts_where_the_catalog_says():
    x, y = points(curves.curve("prelu").value)
    np.testing.assert_allclose(y, np.where(x > 0, x, x / 4), atol=0.03)


@pytest.mark.parametrize(
    "name", [*catalog.names(), *catalog.gated_names(), "SiLU", "hard-swish"]
)
def test_a_named_function_is_drawn_as_its_layer_begins(name):
    layer = catalog.get(name)
    found = curves.curve(name)
    assert not found.problem and found.slope and found.latex
    x, y = points(found.value)
    x = np.round(12 * x) / 12  # where it was computed
    inputs = (
        np.stack([x, np.ones_like(x)], -1)
        if catalog.entry(name).inputs == 2
        else x[:, None]
    )
    layer.build(inputs.shape)
    for variable, value in zip(
        layer.weights, catalog.entry(name).initial, strict=False
    ):
        if value == "normal":
            variable.assign(np.ones(variable.shape))
    expected = ops.convert_to_numpy(layer(inputs.astype("float32")))[:, 0]
    near = np.abs(x % 0.5 - 0.25) < 0.24  # not where a function may jump
    np.testing.assert_allclose(y[near], expected[near], atol=0.03)


def test_a_curve_breaks_where_the_function_leaves_the_picture():
    path = curves.curve("1 / x").value
    assert path.count("M") == 2
    _, y = points(curves.curve("exp(exp(x))").value)
    assert y.max() < 2 * curves.HIGH - curves.LOW + 0.1


def test_what_cannot_be_parsed_has_a_reason():
    found = curves.curve("nosuch(x)")
    assert found.value == "" and "nosuch" in found.problem


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-3e-5, 2e-5), (0.861, 0.874), (-1e6, 2e9)]
)
def test_ticks_are_round_few_and_in_place(low, high):
    ticks = charts.Axis(low, high).ticks()
    assert 2 <= len(ticks) <= 9
    for tick in ticks:
        value = float(tick.label.replace("\u2212", "-"))
        place = 100 * (value - low) / (high - low)
        assert place == pytest.approx(tick.at, abs=0.02)


def test_strips_show_paired_differences():
    rows = [
        samples.row("relu", "baseline", (0.5, 0.6)),
        samples.row("tanh(x)", "candidate", (0.6, 0.8), gain=0.15, low=0.05,
                    high=0.25),
        samples.row("cos(x)", "candidate", (0.4, math.nan)),
    ]  # fmt: skip
    strips, _, zero = charts.strips(rows)
    low, high = -0.1, 0.25
    room = charts.MARGIN * (high - low)
    axis = charts.Axis(low - room, high + room)
    assert zero == pytest.approx(100 * axis.share(0), abs=0.01)
    places = [
        [float(x) / 1000 for x in re.findall(r"M([\d.]+)", strip.runs)]
        for strip in strips
    ]
    for found, gaps in zip(places, [(0, 0), (0.1, 0.2), (-0.1,)], strict=True):
        assert found == pytest.approx([axis.share(g) for g in gaps], abs=1e-3)
    interval = re.findall(r"[MH]([\d.]+)", strips[1].interval)
    ends = [float(x) / 1000 for x in interval]
    assert ends == pytest.approx([axis.share(0.05), axis.share(0.25)], abs=1e-3)
    assert strips[2].interval == strips[2].mean == ""


def test_best_so_far_and_the_rug_of_those_that_diverged():
    rewards = [0.2, None, 0.6, 0.4]
    trials = [
        dataclasses.replace(
            samples.results(1)[0],
            order=n,
            reward=0.0 if reward is None else reward,
            status="diverged" if reward is None else "completed",
        )
        for n, reward in enumerate(rewards)
    ]
    twin = dataclasses.replace(trials[2], status="cached", order=4)
    dots, rug, line = charts.rewards([*trials, twin], (), "ppo").marks
    y = charts.Axis.around([0.2, 0.4, 0.6])

    def at(n, reward):
        return f"{1000 * n / 5:.1f}", f"{100 * (1 - y.share(reward)):.1f}"

    found = re.findall(r"M([\d.]+) ([\d.]+)h0", dots.path)
    assert found == [at(1, 0.2), at(3, 0.6), at(4, 0.4)]
    assert re.findall(r"M([\d.]+)", rug.path) == ["400.0"]
    first, best = at(1, 0.2), at(3, 0.6)
    assert line.path == (
        f"M{first[0]} {first[1]}H{best[0]}V{best[1]}H{at(4, 0)[0]}"
    )


def test_the_distribution_falls_from_all_to_none():
    trials = [
        dataclasses.replace(t, reward=r, status="completed")
        for t, r in zip(samples.results(4), (0.1, 0.2, 0.3, 0.4), strict=True)
    ]
    (mark,) = charts.distribution(trials, ()).marks
    heights = re.findall(r"V([\d.]+)", mark.path)
    assert mark.path.startswith("M0 0.0H")
    assert heights == ["25.0", "50.0", "75.0", "100.0"]


@pytest.mark.parametrize("told", [-50.0, math.nan, 0.9])
@pytest.mark.parametrize("status", ["diverged", "rejected"])
def test_who_has_not_completed_reaches_no_reward(told, status):
    trials = [
        dataclasses.replace(t, order=n, reward=r, status=s)
        for n, (t, r, s) in enumerate(
            zip(
                samples.results(4),
                (told, 0.2, 0.4, 0.6),
                (status, *["completed"] * 3),
                strict=True,
            )
        )
    ]
    (mark,) = charts.distribution(trials, ()).marks
    heights = re.findall(r"V([\d.]+)", mark.path)
    assert heights == ["50.0", "75.0", "100.0"]
    *_, line = charts.rewards(trials, (), "ppo").marks
    assert line.path.startswith("M400.0 ") and "nan" not in line.path
