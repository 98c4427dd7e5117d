"""Finished runs of our own, read from CSV files."""

import dataclasses
import functools
import math
import pathlib
import re
from collections.abc import Iterator, Sequence

from actfn import ExpressionError, catalog, parse
from experiments import results_file

COLUMNS = (
    "config",
    "dataset",
    "activation",
    "seed",
    "test_accuracy",
    "steps",
    "seconds",
)
ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "LReLU",
    "prelu": "PReLU",
    "softplus": "Softplus",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "swish_1": "Swish-1",
    "swish": "Swish",
    "max_sigmoid": "max(x,sigmoid(x))",
    "cos_minus_x": "cos(x)-x",
    "min_sin": "min(x,sin(x))",
    "atan_squared_minus_x": "(atan(x))^2-x",
    "max_tanh": "max(x,tanh(x))",
    "sinc_plus_x": "sinc(x)+x",
    "x_asinh_squared": "x*(asinh(x))^2",
}
MODELS = {
    "resnet164": "preact ResNet-164",
    "wide_resnet_28_10": "WRN-28-10",
    "densenet_100_12": "DenseNet-100-12",
    "nasnet_a_mobile": "Mobile NASNet-A",
    "inception_resnet_v2": "Inception-ResNet-v2",
    "mobilenet": "MobileNet",
    "inception_v3": "Inception-v3",
    "inception_v4": "Inception-v4",
    "transformer_base": "12-layer Base Transformer",
}
DATASETS = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "imagenet2012": "ImageNet-2012 val",
    "wmt14_de_en": "WMT14 En-De",
}
_DATASET_PREFIX = re.compile(
    r"^(cifar100?|imagenet(2012)?|fashion_mnist|wmt14)_"
)
ACCURACY = "test accuracy (%)"
BLEU = "BLEU"


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished training run and one of its results.

    `accuracy` is in percent, or BLEU if that is the `metric`.
    """

    model: str
    dataset: str
    activation: str
    seed: int
    steps: int
    learning_rate: str
    accuracy: float
    validation: float | None
    seconds: float
    provenance: str
    diverged: bool = False
    metric: str = ACCURACY

    @property
    def identity(self) -> tuple[str, ...]:
        """What no two runs share."""
        return (*map(str, dataclasses.astuple(self)[:6]),)


def read(paths: Sequence[pathlib.Path]) -> list[Run]:
    """Reads the CSV files of a training program.

    Args:
        paths: Files with at least the columns `COLUMNS`; `learning_rate`,
            `validation_accuracy`, `provenance` (of the data) and `status` are
            used if they are there. Accuracies are shares between 0 and 1.
            Instead of an accuracy, `bleu` may hold "test set=BLEU" with
            blanks between, for translation.

    Returns:
        The runs of all files; one for each test set of a translation.

    Raises:
        ValueError: If a file cannot be read or lacks a column, a line is
            broken, or a run occurs twice; names the file and the line.
    """
    runs = []
    places: dict[tuple[str, ...], str] = {}
    for path in paths:
        for place, row in results_file.rows(path, COLUMNS):
            try:
                found = _runs(row)
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from None
            for run in found:
                if run.identity in places:
                    raise ValueError(
                        f"{place}: each run should occur once. "
                        f"Received: the run of {places[run.identity]} again"
                    )
                places[run.identity] = place
            runs += found
    if not runs:
        raise ValueError(
            "results should hold at least one run. "
            f"Received: only headers in {', '.join(map(str, paths))}"
        )
    return runs


def _runs(row: dict[str, str]) -> list[Run]:
    model = row["config"]
    # Tiny runs share one data set: there only the whole name tells which.
    if "_tiny" not in model:
        model = _DATASET_PREFIX.sub("", model)
    validation = row.get("validation_accuracy")
    dataset = DATASETS.get(row["dataset"], row["dataset"])
    run = functools.partial(
        Run,
        model=MODELS.get(model, model),
        activation=activation_label(row["activation"]),
        seed=_number(row, "seed", int),
        steps=_number(row, "steps", int),
        learning_rate=row.get("learning_rate", ""),
        validation=_percent(row, "validation_accuracy") if validation else None,
        seconds=_number(row, "seconds", float),
        provenance=row.get("provenance", ""),
        diverged=row.get("status") == "diverged",
    )
    if row.get("bleu") and not row["test_accuracy"]:
        return [
            run(dataset=f"{dataset} {test}", accuracy=score, metric=BLEU)
            for test, score in _scores(row["bleu"])
        ]
    return [run(dataset=dataset, accuracy=_percent(row, "test_accuracy"))]


def _scores(text: str) -> Iterator[tuple[str, float]]:
    for part in text.split():
        test, equals, score = part.partition("=")
        if not equals or not re.fullmatch(r"\d+(\.\d+)?", score):
            raise ValueError(
                "bleu should be like newstest2013=26.1 newstest2014=27.9. "
                f"Received: {text!r}"
            )
        yield test, float(score)


def _number(row: dict[str, str], column: str, kind: type) -> int | float:
    try:
        number = kind(row[column])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        kinds = {int: "an integer", float: "a finite number"}
        raise ValueError(
            f"{column} should be {kinds[kind]}. Received: {row[column]!r}"
        )
    return number


def _percent(row: dict[str, str], column: str) -> float:
    share = _number(row, column, float)
    if not 0 <= share <= 1:
        raise ValueError(
            f"{column} should be between 0 and 1. Received: {row[column]!r}"
        )
    return 100 * share


@functools.cache
def activation_label(text: str) -> str:
    """Returns the paper's name of an activation, or else `text` itself.

    Args:
        text: A catalog name or expression text. `prelu` is the paper's PReLU,
            its formula is not: there the slope starts at 1.
    """
    if text in catalog.names():  # CELU is ELU as it begins, and not the paper's
        name = "swish_1" if text == "silu" else text
        return ACTIVATIONS.get(name, text)
    try:
        expression = parse(text)
    except ExpressionError:
        return text
    for name, label in ACTIVATIONS.items():
        known = catalog.entry(name)
        if not known.initial and parse(known.expression) == expression:
            return label
    return text
