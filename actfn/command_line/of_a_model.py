"""What `search` and `compare` share: a model and data from a user's module."""

from __future__ import annotations

import argparse
import importlib
import os
import pathlib
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner

from actfn.cli import positive
from actfn.search import Found
from actfn.search.executors import NAMES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that both programs take."""
    add = parser.add_argument
    add(
        "build",
        metavar="MODULE:BUILD",
        help="a function build(hp) that returns a compiled Keras model, with "
        'actfn.get(hp.get("activation")) at each site; or a compiled model',
    )
    add(
        "--data",
        metavar="MODULE:DATA",
        required=True,
        help="a function that returns (x, y), or ((x, y), (x_validation, "
        "y_validation)), or a mapping with arguments that have no option here, "
        "such as x, y, validation_data, test_data, groups or callbacks",
    )
    add(
        "--objective",
        default="val_loss",
        metavar="NAME[:max]",
        help="a metric of the model with val_ before it; :max or :min where "
        "Keras Tuner does not know its direction; default: %(default)s",
    )
    add(
        "--epochs",
        type=positive,
        default=1,
        metavar="N",
        help="of each training: as many as you train the model for, since a "
        "short training rewards other functions; default: %(default)s",
    )
    add(
        "--batch-size",
        type=positive,
        metavar="N",
        help="of each training; default: that of Keras, 32",
    )
    add(
        "--repeats",
        type=positive,
        default=10,
        metavar="N",
        help="paired seeds in the confirmation; default: %(default)s",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of the trials, the paired seeds and the division of the data; "
        "default: %(default)s",
    )
    add(
        "--directory",
        type=pathlib.Path,
        default="results/activation",
        metavar="DIR",
        help="of the results; a search that is there goes on; "
        "default: %(default)s",
    )
    add(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="children at the same time; default: %(default)s",
    )
    add(
        "--executor",
        choices=NAMES,
        help="who trains them; default: this process for one worker, and "
        "processes of one thread for more",
    )
    add("--address", metavar="HOST:PORT", help="of a Ray cluster")
    add("--cpus", type=float, default=1, help="CPUs a child, for Ray")
    add("--gpus", type=float, default=0, help="GPUs a child, for Ray")
    add(
        "--tensorboard",
        action="store_true",
        help="write the trials as HParams too",
    )


def run(
    program: Callable[..., Found],
    options: argparse.Namespace,
    more: Mapping[str, Any],
) -> None:
    """Runs `find` or `compare` as the command line says.

    Args:
        program: One of the two.
        options: Of `add_arguments`.
        more: Further arguments.

    Raises:
        ValueError: A name leads nowhere, or an argument is wrong.
        SystemExit: The model raised an exception, or Ctrl-C was pressed.
    """
    sys.path.insert(0, os.getcwd())
    shared = ("repeats", "seed", "directory", "workers", "executor")
    shared += ("address", "cpus", "gpus", "tensorboard", "epochs")
    arguments = {name: getattr(options, name) for name in shared}
    if options.batch_size is not None:
        arguments["batch_size"] = options.batch_size
    arguments |= more
    try:
        data = _data(load("--data", options.data))
        if both := sorted({*data} & {*arguments, "objective", "batch_size"}):
            raise ValueError(
                f"--data must not have what is an option, --{both[0]}. "
                f"Received: a mapping with {', '.join(both)}"
            )
        build = load("MODULE:BUILD", options.build)
        program(build, objective=options.objective, **arguments, **data)
    except keras_tuner.errors.FatalError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:  # it has been said where the results are
        raise SystemExit(130) from None
    except (ValueError, OSError) as error:
        if not _is_of(error, options.build, options.data):
            raise
        traceback.print_exception(error)
        raise SystemExit(1) from None


def _is_of(error: Exception, *paths: str) -> bool:
    """Whether an error comes from the code that is given as ``module:name``."""
    modules = [sys.modules.get(path.partition(":")[0]) for path in paths]
    files = {getattr(module, "__file__", None) for module in modules}
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.filename in files for frame in frames)


def load(argument: str, path: str) -> Any:
    """Returns what ``module:name`` names.

    Raises:
        ValueError: There is no such module or name.
    """
    module, _, name = path.partition(":")
    if not module or not name:
        raise ValueError(
            f"{argument} must be written package.module:name. Received: {path}"
        )
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ValueError(
            f"{argument} must name a module that Python finds from "
            f"{os.getcwd()}. Received: {path}"
        ) from None
    if not hasattr(found, name):
        raise ValueError(
            f"{argument} must name something in {found.__file__}. "
            f"Received: {path}"
        )
    return getattr(found, name)


def _data(source: Any) -> dict[str, Any]:
    """Returns the data arguments of `find`."""
    data = source() if callable(source) else source
    if isinstance(data, Mapping):
        return dict(data)
    if isinstance(data, list) and len(data) in (2, 3):
        raise ValueError(
            "--data must give several things as a tuple; a list is one x of "
            f"several inputs, ([...], y). Received: a list of {len(data)}"
        )
    if not isinstance(data, tuple):
        return {"x": data}
    rest = {}
    # Several inputs are a tuple too, but their y is none.
    if len(data) == 2 and all(isinstance(part, tuple) for part in data):
        data, rest["validation_data"] = data
    names = ("x", "y", "sample_weight")
    if len(data) > len(names):
        raise ValueError(
            "--data must give (x, y), (x, y, sample_weight), two of these as "
            "training and validation data, or a mapping. "
            f"Received: a tuple of {len(data)}"
        )
    return dict(zip(names, data, strict=False)) | rest
