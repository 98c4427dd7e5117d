"""One child: a user's model with one activation, trained and measured."""

from __future__ import annotations

import collections
import contextlib
import copy
import logging
import math
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import cloudpickle
import keras
import keras_tuner
import numpy as np

from actfn import catalog
from actfn.expressions.expression import parameters
from actfn.layers.activation import ActivationFunction
from actfn.search import memory, screening, surroundings
from actfn.search.candidates import of_x
from actfn.search.data import Part, Parts, is_arrays
from actfn.search.groups import set_groups
from actfn.spaces.canonical import canonicalize
from actfn.surgery.choice import Replaced, matches
from actfn.surgery.sites import Site
from actfn.surgery.swap import find_sites, rebuild

Build = Callable[[keras_tuner.HyperParameters], keras.Model]


class ModelChild:
    """Trains a user's model with the activation that it is told.

    Args:
        build: As in Keras Tuner, with ``actfn.get(hp.get("activation"))`` at
            each site.
        parts: The data.
        fit: Further arguments of `Model.fit`.
        metric: What children are judged by.
        groups: Names of groups of sites, each with an activation of its own,
            ``hp.get("activation_NAME")``.

    Called with hyperparameters and ``"validation"`` or ``"test"``, it returns
    the metrics of `Model.evaluate` on these data, by the names that they have
    there with ``val_`` before them. NaN says that training diverged.
    """

    def __init__(
        self,
        build: Build,
        parts: Parts,
        fit: Mapping[str, Any],
        metric: str,
        groups: Sequence[str] = (),
    ):
        self.build = build
        self.parts = parts
        self.fit = dict(fit)
        # One callback, or nested ones, as Keras takes them.
        self.callbacks = keras.tree.flatten(self.fit.pop("callbacks", None))
        self.callbacks = [c for c in self.callbacks if c is not None]
        self.metric = metric
        self.groups = tuple(groups)

    def __call__(
        self, hp: keras_tuner.HyperParameters, split: str, report: Any = None
    ) -> dict[str, float]:
        """Trains one child from the beginning and returns its metrics."""
        seed = hp.get("seed")
        if reason := self._hopeless(hp):
            hp.values["note"] = reason
            return {self.metric: math.nan, "rejected": 1.0}
        with memory.released(), _retracing_is_no_news(), _draws_of_its_own():
            keras.utils.set_random_seed(seed % 2**32)
            model = self.make(hp)
            self._train(model)
            return self.measure(model, getattr(self.parts, split))

    def __getstate__(self) -> dict[str, Any]:
        # A model is read only when what it is made of is known.
        build = cloudpickle.dumps(self.build)
        here = surroundings.current()
        return {**vars(self), "build": build, "surroundings": here}

    def __setstate__(self, state: dict[str, Any]) -> None:
        surroundings.apply(state.pop("surroundings"))
        self.__dict__.update(state)
        self.build = cloudpickle.loads(state["build"])

    def _hopeless(self, hp: keras_tuner.HyperParameters) -> str:
        """Says why a function cannot work, and which group's it is."""
        functions = set_groups(hp, self.groups) or {"": hp.get("activation")}
        for group, text in functions.items():
            if reason := screening.hopeless(catalog.get(of_x(text))):
                return f"{group}: {reason}" if group else reason
        return ""

    def make(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Returns a new compiled model.

        Raises:
            FatalTypeError: `build` returns something else.
        """
        functions = set_groups(hp, self.groups)
        names = [f"activation_{name}" for name in functions] or ["activation"]
        for name in names:
            hp.values[name] = of_x(hp.values[name])
        model = self.build(hp)
        if not isinstance(model, keras.Model) or not model.compiled:
            what = "a model that is not compiled"
            if not isinstance(model, keras.Model):
                what = type(model).__name__
            raise keras_tuner.errors.FatalTypeError(
                f"`build` must return a compiled Keras model. Received: {what}"
            )
        return model

    def _train(self, model: keras.Model) -> None:
        # Callbacks have a state; each child begins with their first one.
        own = copy.deepcopy(self.callbacks)
        settings = self.fit | {
            "callbacks": [_StopAtNaN(), *own],
            "verbose": 0,
        }
        if own:  # one may watch a validation metric
            settings["validation_data"] = self.parts.validation.for_fit()
        model.fit(**self.parts.train.arguments(), **settings)

    def measure(self, model: keras.Model, part: Part) -> dict[str, float]:
        """Returns the metrics of a model on some data that are one number."""
        with warnings.catch_warnings():
            # A function that saturates may divide by zero in a metric.
            warnings.simplefilter("ignore", RuntimeWarning)
            found = model.evaluate(
                **part.arguments(),
                **self._how_to_evaluate(part),
                verbose=0,
                return_dict=True,
            )
        values = {f"val_{n}": np.asarray(v) for n, v in found.items()}
        return {n: float(v) for n, v in values.items() if not v.ndim}

    def _how_to_evaluate(self, part: Part) -> dict[str, int]:
        """Returns what `Model.fit` would evaluate validation data with."""
        sizes = ("validation_batch_size", "batch_size")
        size = next((self.fit[n] for n in sizes if self.fit.get(n)), None)
        how = {"batch_size": size if is_arrays(part) else None}
        how["steps"] = self.fit.get("validation_steps")
        return {name: value for name, value in how.items() if value}


@contextlib.contextmanager
def _draws_of_its_own() -> Iterator[None]:
    """Leaves Python's and NumPy's generators as they were.

    Else what the program draws after a child would repeat itself.
    """
    before = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])


@contextlib.contextmanager
def _retracing_is_no_news() -> Iterator[None]:
    """Drops TensorFlow's warning of it: each child is a model of its own."""
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_news)
    try:
        yield
    finally:
        logger.removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()


class _StopAtNaN(keras.callbacks.Callback):
    """Ends a training whose loss is not finite; Keras's own prints it."""

    def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            self.model.stop_training = True


class FromModel:
    """Builds a compiled model anew with another activation.

    Args:
        model: The model whose activations are exchanged; it stays as it is.
        replace: Which, as for `swap_activations`.
        keep_weights: Whether children begin with the model's weights. If not,
            only frozen and adapted layers keep theirs.
        groups: Patterns of the sites of each group that has an activation of
            its own; the first that matches counts.

    Raises:
        ValueError: The model is not compiled.
    """

    def __init__(
        self,
        model: keras.Model,
        replace: Any,
        keep_weights: bool = False,
        groups: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ):
        if not model.compiled:
            raise ValueError(
                "The model must be compiled, so that its children are trained "
                f"as it is. Received: {model.name}, not compiled"
            )
        self.model, self.replace = model, replace
        self.keep_weights = keep_weights
        self.groups = dict(groups)

    @property
    def in_use(self) -> list[str | None]:
        """What `actfn.get` calls the exchanged activations, commonest first.

        None for one that `actfn.get` does not make of a name or a text, such
        as one whose parameters begin with other values.
        """
        replaced = Replaced(self.replace)
        names = [
            _name_of(site)
            for site in find_sites(self.model)
            if site in replaced and self._has(site)
        ]
        return [name for name, _ in collections.Counter(names).most_common()]

    def _has(self, site: Site) -> bool:
        """Whether a site is of a group, if there are groups."""
        patterns = [each for group in self.groups.values() for each in group]
        return not patterns or any(matches(each, site) for each in patterns)

    def __call__(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Returns a compiled model with the activation of `hp`."""
        swapped = rebuild(
            self.model,
            self._activation(hp),
            self.replace,
            keep_weights=self.keep_weights,
        )
        if not swapped.compiled:
            raise keras_tuner.errors.FatalValueError(
                "The model's loss, metrics and optimizer must be ones that "
                "Keras can save; give a function `build(hp)` in place of the "
                "model. Received: a compilation that cannot be repeated"
            )
        return swapped

    def _activation(self, hp: keras_tuner.HyperParameters) -> Any:
        if not self.groups:
            return hp.get("activation")
        return {
            pattern: hp.get(f"activation_{name}")
            for name, patterns in self.groups.items()
            for pattern in patterns
        }


def _name_of(site: Site) -> str | None:
    """Returns what `actfn.get` calls the function of a site."""
    function = site.function
    if isinstance(function, ActivationFunction):
        return _ours(function)
    if isinstance(function, keras.layers.ReLU):
        slope, highest = function.negative_slope, function.max_value
        if function.threshold or highest not in (None, None if slope else 6):
            return None
        if slope:
            return _with("leaky_relu", negative_slope=slope)
        return site.activation
    if isinstance(function, keras.layers.LeakyReLU):
        return _with("leaky_relu", negative_slope=function.negative_slope)
    if isinstance(function, keras.layers.ELU):
        return _with("elu", alpha=function.alpha)
    if isinstance(function, keras.layers.PReLU):
        # Ours has a slope a channel.
        first = _first_value(function.alpha_initializer)
        alike = first == 0.25 and function.alpha.shape[-1] == math.prod(
            function.alpha.shape
        )
        return "prelu" if alike else None
    if site.activation == "leaky_relu":
        return _with("leaky_relu", negative_slope=0.2)  # The default of Keras.
    known = catalog.find(site.activation)
    return known and known.name


def _ours(layer: ActivationFunction) -> str | None:
    """Returns what makes a layer whose parameters begin as a layer's do."""
    names = (*catalog.names(), *catalog.gated_names())
    named = [n for n in names if catalog.get(n).expression == layer.expression]
    for name in (str(layer.expression), *named):
        if _beginning(catalog.get(name)) == _beginning(layer):
            return name
    return None


def _beginning(layer: ActivationFunction) -> Any:
    """Returns all that a layer's parameters begin and are trained with."""
    names = [parameter.name for parameter in parameters(layer.expression)]
    first = layer.beta_initializer
    if not isinstance(first, dict):
        first = dict.fromkeys(names, first)
    config = layer.get_config()
    return names and (
        {name: _first_value(first[name]) for name in names},
        config["beta_regularizer"],
        config["beta_constraint"],
        layer.axis is None,
    )


def _first_value(initializer: Any) -> Any:
    """Returns the number that an initializer gives, or what it is."""
    kinds = keras.initializers
    if isinstance(initializer, kinds.Ones | kinds.Zeros):
        return float(isinstance(initializer, kinds.Ones))
    if isinstance(initializer, kinds.Constant):
        return float(np.asarray(initializer.value))
    config = {**kinds.serialize(initializer)["config"], "seed": None}
    return type(initializer).__name__, config


def _with(name: str, **constants: Any) -> str:
    """Returns a catalog function's name, or its text with other constants."""
    given = {key: float(np.asarray(v)) for key, v in constants.items()}
    usual = catalog.get(name).expression
    found = catalog.get(name, **given).expression
    return name if canonicalize(found) == canonicalize(usual) else str(found)
