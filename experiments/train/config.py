"""How a published experiment is trained: one flat TOML file each."""

import dataclasses
import difflib
import hashlib
import json
import math
import pathlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

FOLDER = pathlib.Path(__file__).parents[1] / "configs"
_WORD = re.compile(r"[A-Za-z][\w-]*")
_CHOICES = {
    "preprocessing": ("cifar", "inception", "tokens"),
    "optimizer": ("sgd", "rmsprop", "adam"),
    "schedule": ("drops", "exponential", "noam"),
    "padding": ("constant", "reflect"),
}
_RANGES = {
    "positive": (
        lambda value: value > 0,
        *("batch_size", "steps", "epsilon", "crop_area", "vocabulary"),
        *("decay", "decay_epochs"),
    ),
    "0 or more": (
        lambda value: value >= 0,
        *("warmup_steps", "warmup_rate", "clip_norm", "auxiliary_weight"),
        *("image_size", "evaluation_limit"),
    ),
    "at least 0 and below 1": (
        lambda value: 0 <= value < 1,
        *("momentum", "rho", "beta_2", "label_smoothing"),
        *("average_decay", "validation", "floor"),
    ),
}


_GIVEN = frozenset({"activation", "classes", "input_shape", "vocabulary"})
"""Options of a model's builder that the task sets."""


@dataclasses.dataclass(frozen=True)
class Config:
    """A recipe; the files in `experiments/configs` set what they need.

    Attributes:
        name: Of the file, and of what was changed on the command line.
        dataset: What `experiments.datasets` knows by that name.
        model: A name of `models.names()`.
        preprocessing: "cifar" (4-pixel shift and flip, mean and deviation),
            "inception" (crops and colour, -1 to 1) or "tokens" (subwords).
        batch_size: Images a step, or tokens of the longer side.
        steps: Training steps.
        learning_rates: To choose from by the validation accuracy; for "noam"
            the factor of the schedule.
        optimizer: "sgd", "rmsprop" (TensorFlow 1's rule) or "adam".
        schedule: "drops" (times `decay` at each of `drops`), "exponential"
            (times `decay` every `decay_epochs`, in steps) or "noam".
        model_options: Options of the model's builder.
        momentum: Of SGD and RMSProp; beta 1 of Adam.
        nesterov: Whether SGD looks ahead.
        rho: Decay of RMSProp's mean square.
        epsilon: Of RMSProp and Adam.
        beta_2: Of Adam.
        drops: Shares of the training at which the learning rate drops.
        decay: Factor of a drop.
        decay_epochs: Between two drops of the exponential schedule.
        floor: Share of the learning rate that the schedule never goes below.
        warmup_steps: "noam": until the peak; else at `warmup_rate`.
        warmup_rate: Learning rate of the first `warmup_steps`.
        clip_norm: Largest norm of the whole gradient; 0 for any.
        label_smoothing: Share of the target spread over all classes.
        auxiliary_weight: Of the auxiliary head's loss; 0 for no head.
        average_decay: Of the average of the weights that is evaluated, at
            most (1 + step) / (10 + step); 0 for the last weights.
        validation: Share of the training split that is held out.
        image_size: Side of the images; 0 for the data's own. Of "cifar" a
            divisor of that: blocks of pixels are averaged after the shift.
        padding: What the "cifar" shift pads with: "constant" for the mean
            colour, "reflect" for the mirrored edge.
        crop_area: Smallest share of an image that an Inception crop covers,
            but a tenth at least, as in the source: TensorFlow asks for that
            much of what is shown.
        colour: Whether the Inception preprocessing distorts colours.
        vocabulary: Number of subwords.
        evaluation_limit: Examples of each set to evaluate with; 0 for all.
    """

    name: str
    dataset: str
    model: str
    preprocessing: str
    batch_size: int
    steps: int
    learning_rates: tuple[float, ...]
    optimizer: str
    schedule: str
    model_options: dict[str, Any] = dataclasses.field(default_factory=dict)
    momentum: float = 0.9
    nesterov: bool = False
    rho: float = 0.9
    epsilon: float = 1.0
    beta_2: float = 0.98
    drops: tuple[float, ...] = ()
    decay: float = 0.1
    decay_epochs: float = 2.0
    floor: float = 0.0
    warmup_steps: int = 0
    warmup_rate: float = 0.01
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    auxiliary_weight: float = 0.0
    average_decay: float = 0.0
    validation: float = 0.0
    image_size: int = 0
    padding: str = "constant"
    crop_area: float = 0.05
    colour: bool = True
    vocabulary: int = 37_000
    evaluation_limit: int = 0

    def __post_init__(self) -> None:
        for key, allowed in _CHOICES.items():
            if getattr(self, key) not in allowed:
                self._refuse(key, f"one of {', '.join(allowed)}")
        for expected, (holds, *keys) in _RANGES.items():
            for key in keys:
                if not holds(getattr(self, key)):
                    self._refuse(key, expected)
        if not all(0 < share < 1 for share in self.drops):
            self._refuse("drops", "between 0 and 1")
        if taken := {*self.model_options} & _GIVEN:
            raise ValueError(
                "model_options should have none that the data give. "
                f"Received: {', '.join(sorted(taken))}"
            )
        if not self.learning_rates:
            self._refuse("learning_rates", "at least one number")
        if not all(0 < rate < math.inf for rate in self.learning_rates):
            self._refuse("learning_rates", "positive and finite")
        if len(self.learning_rates) > 1 and not self.validation:
            raise ValueError(
                "validation should be above 0 to choose between several "
                f"learning rates. Received: validation={self.validation}, "
                f"learning_rates={self.learning_rates}"
            )

    def _refuse(self, key: str, expected: str) -> None:
        raise ValueError(
            f"{key} should be {expected}. Received: {getattr(self, key)!r}"
        )

    @property
    def of_a_run(self) -> dict[str, Any]:
        """What a run has of it: all but which learning rates are tried."""
        values = dataclasses.asdict(self)
        del values["learning_rates"]
        return values

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that differ if any value does.

        But for the learning rates: a run has one, which rows have beside.
        """
        text = json.dumps(self.of_a_run, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def names() -> list[str]:
    """Returns the names of the files in `experiments/configs`."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(
    name: str, tiny: bool = False, changes: Mapping[str, Any] | None = None
) -> Config:
    """Reads a config.

    Args:
        name: One of `names()`, or the path of another such file.
        tiny: Whether to apply the file's table `tiny`: real but small data,
            few steps, and where it says so a smaller model. "_tiny" is then
            part of the name.
        changes: Values to use instead of the file's, by key. They, too, enter
            the name, unless they are the data set, steps or learning rates,
            which results state anyway.

    Raises:
        ValueError: If there is no such file, or a key or value is wrong.
    """
    path = pathlib.Path(name) if name.endswith(".toml") else None
    if path is None:
        if name not in names():
            raise ValueError(
                f"config should be one of {', '.join(names())}, or a .toml "
                f"file{_hint(name, names())}. Received: {name!r}"
            )
        path = FOLDER / f"{name}.toml"
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"config should be a readable TOML file. Received: {path}, {error}"
        ) from None
    smaller = values.pop("tiny", {})
    if not isinstance(smaller, dict):
        raise ValueError(
            f"config {path.stem}: tiny should be a table. Received: {smaller!r}"
        )
    label = path.stem
    if tiny:
        values |= smaller
        label += "_tiny"
    stated = ("dataset", "steps", "learning_rates")
    for key, value in (changes or {}).items():
        values[key] = value
        if key not in stated:
            label += f"+{key}={value}"
    try:
        if values.get("optimizer") == "adam" and "epsilon" not in values:
            # The default is that of RMSProp in TensorFlow 1, and is far off.
            raise ValueError(
                "epsilon should be given for adam, such as 1e-7. "
                "Received: optimizer='adam' alone"
            )
        return Config(name=label, **_typed(values))
    except ValueError as error:
        raise ValueError(f"config {path.stem}: {error}") from None


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Returns the values of `KEY=VALUE` texts, each value as in TOML.

    A word needs no quotes, since shells take them away.

    Raises:
        ValueError: If a text is not of that form; keys are not checked.
    """
    changes = {}
    for text in texts:
        key, equals, value = text.partition("=")
        try:
            changes[key.strip()] = tomllib.loads(f"v = {value}")["v"]
        except tomllib.TOMLDecodeError:
            changes[key.strip()] = value
            equals = equals and _WORD.fullmatch(value)
        if not equals or not key.strip():
            raise ValueError(
                "set should be KEY=VALUE with a value as in TOML, such as "
                f"batch_size=64 or model=resnet20. Received: {text!r}"
            )
    return changes


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Checks keys and types; makes integers floats where floats are due."""
    fields = {f.name: f for f in dataclasses.fields(Config) if f.name != "name"}
    for key in values:
        if key not in fields:
            raise ValueError(
                f"a key should be one of {', '.join(fields)}"
                f"{_hint(key, fields)}. Received: {key!r}"
            )
    for key, field in fields.items():
        if key not in values and field.default is field.default_factory:
            raise ValueError(f"{key} should be given. Received: none")
    return {key: _value(key, v, fields[key].type) for key, v in values.items()}


def _value(key: str, value: Any, kind: Any) -> Any:
    if kind == tuple[float, ...] and isinstance(value, (list, tuple)):
        return tuple(_value(key, each, float) for each in value)
    if kind is float and type(value) is int:
        return float(value)
    plain = dict if kind == dict[str, Any] else kind
    if not isinstance(plain, type) or type(value) is not plain:
        names = {tuple[float, ...]: "a list of numbers", dict: "a table"}
        expected = names.get(plain) or f"of type {plain.__name__}"
        raise ValueError(f"{key} should be {expected}. Received: {value!r}")
    return value


def _hint(wrong: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    return f" (perhaps {close[0]}?)" if close else ""
