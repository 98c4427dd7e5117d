"""Contents of reports to test with."""

import dataclasses
import math

import numpy as np

from actfn import SearchSpace
from actfn.search import Result
from actfn.search.report import Content, Phase, Row

STATUSES = ("completed", "diverged", "rejected", "cached", "failed")


def results(count, seed=0):
    """Returns random functions; some diverge, some are twins."""
    rng = np.random.default_rng(seed)
    space = SearchSpace(core_units=2)
    found = []
    for order in range(count):
        status = rng.choice(STATUSES, p=(0.7, 0.12, 0.06, 0.1, 0.02))
        good = status in ("completed", "cached")
        text = str(space.sample(rng))
        message = {"diverged": "loss not finite at step 3", "rejected": "flat"}
        found.append(
            Result(
                trial=f"{order:05d}",
                expression=text,
                canonical=text,
                reward=float(rng.beta(8, 3)) if good else 0.0,
                status=str(status),
                seconds=float(rng.gamma(3, 2)),
                seed=int(rng.integers(1e6)),
                order=order,
                message=message.get(str(status), ""),
            )
        )
    return found


def row(expression, role, scores, **more):
    facts = dict.fromkeys(("search_reward", "gain", "low", "high", "p"))
    facts = {name: more.pop(name, math.nan) for name in facts}
    return Row(expression, role, scores=tuple(scores), **facts, **more)


CONFIRMED = (
    row("relu", "baseline", (0.861, 0.866, 0.858, 0.864, 0.863)),
    row("swish_1", "baseline", (0.866, 0.868, 0.861, 0.868, 0.862),
        gain=0.0026, low=-0.0004, high=0.0056, p=0.31),
    row("min(x, sin(x))", "finalist", (0.872, 0.874, 0.868, 0.873, 0.871),
        gain=0.0092, low=0.0077, high=0.0107, p=0.0004, search_reward=0.881),
    row("x * sigmoid(beta * x)", "finalist",
        (0.86, math.nan, 0.861, 0.866, 0.85), search_reward=0.886),
    row("max(x, erf(x)) + sinc(x * beta)", "finalist", (0.84, 0.851, 0.843),
        gain=-0.017, low=-0.0268, high=-0.0072, p=1.0, search_reward=0.883,
        note="dropped after 3 seeds"),
)  # fmt: skip


def content(**changes):
    """Returns a finished search; `changes` replace its fields."""
    base = Content(
        title="Search for activation functions",
        verdict="Switch to min(x, sin(x)): its mean val_accuracy is 0.0092 "
        "above relu's (95 % interval 0.0077 to 0.0107, corrected p < 0.001, "
        "5 paired seeds).",
        phases=(
            Phase("search", 60, 60),
            Phase("random control", 60, 60),
            Phase("confirmation", 25, 25),
        ),
        setting="60 functions of up to 2 core units, each trained for 3 "
        "epochs in a small convolutional network.",
        command="python -m actfn search module:build --trials 60",
        provenance="Data: 10,000 images of Fashion-MNIST.",
        versions="keras 3.15.1, Python 3.11.",
        metric="val_accuracy",
        higher_is_better=True,
        trials=results(66, 1),
        control=results(64, 2),
        confirmed=CONFIRMED,
        movement={},
        policy="surrogate",
        note="Data were held back for the confirmation; a difference of "
        "0.004 would have shown.",
    )
    return dataclasses.replace(base, **changes)


def running(done=24):
    """Returns a search in its first phase."""
    return content(
        verdict="",
        phases=(
            Phase("search", done, 60, 190.0),
            Phase("random control", 0, 60),
            Phase("confirmation", 0, 25),
        ),
        trials=results(done, 1),
        control=(),
        confirmed=(),
        note="",
    )
