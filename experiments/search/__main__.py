"""Searches for activation functions.

    python -m experiments.search --task implicit
    python -m experiments.search --preset paper --data-dir ~/tensorflow_datasets

A policy proposes functions; each is trained in a small network, the child,
whose score on held-out data is the reward. Then as many random functions are
trained as a control, and the best functions again with fresh seeds, beside
ReLU and other baselines. In --directory: results.csv, random.csv,
confirmed.csv, and search.html, which shows it all.

Each task (image by --preset deep) confirms in a larger setting, on data that
the search never saw, and compares with its published functions as well: those
of implicit as published and as tuned by a grid, those of physics and text as
tuned. See tuned.csv and rivals.csv.

Children are trained in this process, in several of this machine (--workers)
or on a Ray cluster (--executor ray --address ...); see docs/scaling.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import pathlib
import shlex
import sys
from collections.abc import Sequence

from experiments.cli import Parser, one_thread, positive, quiet_start

with quiet_start(onednn=True):
    import keras_tuner
    import tensorflow as tf

    from actfn.search.executors import NAMES, make
    from actfn.search.policies import POLICIES
    from actfn.search.policies.prior import Prior
    from actfn.search.report import text
    from experiments import tasks
    from experiments.search import of_a_task
    from experiments.search.session import (
        DIRECTIONS,
        Settings,
        make_session,
    )
    from experiments.tasks.image.recipe import PRESETS, Recipe


_IMAGE, _DEEP = "image", "deep"


def _parser() -> Parser:
    parser = Parser("search", __doc__)
    add = parser.add_argument
    add(
        "--task",
        choices=(_IMAGE, *(name for name in tasks.names() if name != _IMAGE)),
        default=_IMAGE,
        help="what children are trained on; default: %(default)s, which "
        "without --preset deep tells good functions apart badly: see "
        "docs/tasks.md",
    )
    add(
        "--trials",
        type=positive,
        default=60,
        metavar="N",
        help="functions to train; default: %(default)s",
    )
    add(
        "--core-units",
        type=positive,
        default=2,
        metavar="N",
        help="size of the functions; 2 units make 1.6e8 strings; "
        "default: %(default)s",
    )
    for name in ("unary", "binary"):
        add(
            f"--{name}",
            nargs="+",
            metavar="NAME",
            help=f"{name} functions that they are made of; default: the "
            "paper's",
        )
    add(
        "--wiring",
        choices=("free", "fixed"),
        default="free",
        help="free: a unit reads x or any earlier unit; fixed: the one before "
        "and x; default: %(default)s",
    )
    add(
        "--policy",
        choices=POLICIES,
        help="who proposes; ppo_paper is the paper's method with published "
        "settings, ppo the same with ours, see docs/search.md; default: "
        "surrogate, ppo_paper with --preset paper",
    )
    add(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="the same seed repeats a search of one worker; "
        "default: %(default)s",
    )
    add(
        "--directory",
        type=pathlib.Path,
        default="results/search",
        metavar="DIR",
        help="of the results; default: %(default)s",
    )
    add(
        "--resume",
        action="store_true",
        help="go on with the search in --directory",
    )
    add(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="children at the same time, each in a process of one thread; "
        "default: 1",
    )
    add(
        "--executor",
        choices=NAMES,
        help="who trains them; default: this process for one worker, and "
        "processes for more",
    )
    add(
        "--address",
        metavar="HOST:PORT",
        help="of a Ray cluster; default: one on this machine",
    )

    add(
        "--racing",
        action="store_true",
        help="spend up to a fifth of the trials on further seeds of functions "
        "that may be the best; see docs/search.md",
    )

    add(
        "--prior",
        action=argparse.BooleanOptionalAction,
        help="begin with what functions came to on the open table's other "
        "tasks; of the surrogate alone, whose default it is, see "
        "docs/search.md",
    )

    child = parser.add_argument_group("the child; most for images alone")
    add = child.add_argument
    add(
        "--preset",
        choices=(*PRESETS, _DEEP),
        help="quick: some seconds a child on the embedded subset of "
        "Fashion-MNIST; paper: ResNet-20 on CIFAR-10 for 10,000 steps, "
        "proposed by the paper's own algorithm; deep: a network without "
        "normalisation, judged by its loss and confirmed in a larger one; "
        "default: quick",
    )
    add(
        "--dataset",
        metavar="NAME",
        help="fashion_mnist_subset, an image set of TFDS such as "
        "fashion_mnist, cifar10 or cifar100, or a path, see docs/own_data.md; "
        "default: the preset's",
    )
    add(
        "--data-dir",
        metavar="DIR",
        help="where TFDS sets lie; default: $TFDS_DATA_DIR or "
        "~/tensorflow_datasets",
    )
    add(
        "--steps",
        type=positive,
        metavar="N",
        help="training steps of a child; default: the preset's",
    )
    add(
        "--batch-size",
        type=positive,
        metavar="N",
        help="default: the preset's",
    )
    add(
        "--children",
        type=positive,
        metavar="N",
        help="how many, of different seeds, judge a function; the reward is "
        "their mean; default: 1",
    )
    add(
        "--reward",
        metavar="NAME",
        help="of the held-out data; of image: accuracy, or the loss with a "
        "minus; default: the task's score",
    )
    add(
        "--halving",
        action="store_true",
        help="stop children that do badly on the way: of three tenths of the "
        "steps three in four by their training loss; of image, but for "
        "--preset deep, after a quarter or a half the worse half",
    )
    add(
        "--learning-rate", type=_rate, metavar="X", help="default: the preset's"
    )

    after = parser.add_argument_group("after the search")
    add = after.add_argument
    add(
        "--finalists",
        type=positive,
        default=5,
        metavar="N",
        help="how many of the best are trained again; default: %(default)s",
    )
    add(
        "--repeats",
        type=positive,
        metavar="N",
        help="how often, with fresh seeds; default: 8; 3 for image "
        "without --preset deep",
    )
    add(
        "--no-control",
        action="store_true",
        help="do not train random functions to compare with",
    )
    add(
        "--no-specials",
        action="store_true",
        help="do not tune and compare published functions",
    )
    return parser


def _seed(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value < 2**31:
        raise argparse.ArgumentTypeError(
            f"expected an integer from 0 to 2**31 - 1. Received: {text}"
        )
    return value


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 100:
        raise argparse.ArgumentTypeError(
            f"expected a number above 0 and below 100. Received: {text}"
        )
    return value


_PROPOSERS = {"paper": "ppo_paper"}
_RECIPE = ("dataset", "steps", "batch_size", "learning_rate", "children")
_IMAGES_ALONE = (
    "preset",
    "dataset",
    "data_dir",
    "batch_size",
    "learning_rate",
    "children",
)


def _settings(arguments: argparse.Namespace) -> Settings:
    given = {
        name: getattr(arguments, name)
        for name in _RECIPE
        if getattr(arguments, name) is not None
    }
    if arguments.halving:
        given["rungs"] = (0.25, 0.5)
    preset = PRESETS[arguments.preset or "quick"]
    recipe: Recipe = dataclasses.replace(preset, **given)
    reward = arguments.reward or "accuracy"
    if reward not in DIRECTIONS:
        raise ValueError(
            f"--reward must be one of {', '.join(DIRECTIONS)}. "
            f"Received: {reward}"
        )
    return Settings(
        recipe=recipe,
        reward=reward,
        repeats=arguments.repeats or 3,
        **_search_settings(arguments),
    )


def _task_settings(arguments: argparse.Namespace) -> of_a_task.Settings:
    for name in _IMAGES_ALONE:
        if value := getattr(arguments, name):
            flag = name.replace("_", "-")
            if (name, value) == ("preset", _DEEP) and arguments.task == _IMAGE:
                continue
            without = "" if name == "preset" else ", without --preset deep"
            raise ValueError(
                f"--{flag} is for --task image{without}. "
                f"Received: --task {arguments.task} --{flag} {value}"
            )
    return of_a_task.Settings(
        task=arguments.task,
        reward=arguments.reward or tasks.get(arguments.task).metric,
        repeats=arguments.repeats or 8,
        specials=not arguments.no_specials,
        steps=arguments.steps,
        halving=arguments.halving,
        **_search_settings(arguments),
    )


def _search_settings(arguments: argparse.Namespace) -> dict[str, object]:
    """Returns what a search has whatever its children are."""
    names = ("core_units", "unary", "binary", "wiring", "trials", "seed")
    names += ("finalists", "racing")
    policy = arguments.policy or _PROPOSERS.get(arguments.preset, "surrogate")
    prior, begins = None, arguments.prior
    if begins is None:
        begins = policy == "surrogate"
    if begins:
        prior = Prior.load(without=[arguments.task]).digest
    return {n: getattr(arguments, n) for n in names} | {
        "policy": policy,
        "prior": prior,
        "control": not arguments.no_control and policy != "random",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser()
    parsed = parser.parse_args(words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tf.get_logger().setLevel("ERROR")  # each child is traced anew, and may be
    one_thread()  # a child; two processes of one beat one of two
    try:
        _search(parsed, words)
        return 0
    except keras_tuner.errors.FatalError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print(
            f"\nStopped. What has been trained is kept in {parsed.directory}; "
            "the same command with --resume goes on.",
            file=sys.stderr,
        )
        return 130


def _search(parsed: argparse.Namespace, words: Sequence[str]) -> None:
    for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT"):
        if value := os.environ.get(f"KERASTUNER_{name}"):
            raise ValueError(
                "This program is no chief or worker of Keras Tuner's; for "
                "several machines use --executor ray. "
                f"Received: KERASTUNER_{name}={value}"
            )
    if parsed.halving and parsed.racing:
        raise ValueError(
            "--halving must not go with --racing, as the mean of children "
            "says nothing if some were stopped."
        )
    executor = make(parsed.executor, parsed.workers, parsed.address)
    command = shlex.join(["python", "-m", "experiments.search", *words])
    of_recipe = parsed.task == _IMAGE and parsed.preset != _DEEP
    if of_recipe:
        session = make_session(
            _settings(parsed),
            parsed.directory,
            parsed.data_dir,
            executor,
            command,
        )
    else:
        settings = _task_settings(parsed)
        session = of_a_task.make_session(
            settings, parsed.directory, executor, command
        )
    outcome = session.run(parsed.resume)
    if not of_recipe:
        of_a_task.write_rivals(parsed.directory)
    print(text(session.content()))
    print(f"See {outcome.report}")


if __name__ == "__main__":
    sys.exit(main())
