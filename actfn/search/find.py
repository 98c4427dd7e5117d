"""One call that finds the activation function for a model."""

from __future__ import annotations

import dataclasses
import inspect
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import keras_tuner

from actfn import catalog
from actfn.expressions.expression import Expression
from actfn.search.arguments import (
    REPLACE,
    baselines_of,
    builder_of,
    check_functions,
    folder_of,
)
from actfn.search.books.ledger import check_racing
from actfn.search.books.results import Result
from actfn.search.candidates import distinct, expression_of, new_to_keras
from actfn.search.checks import check_count, check_seed
from actfn.search.child import FromModel, ModelChild
from actfn.search.confirmation import Comparison
from actfn.search.data import Parts, divide
from actfn.search.executors import make
from actfn.search.groups import (
    Groups,
    check_groups,
    check_space,
    functions_of,
    grouped,
)
from actfn.search.identity import identity_of
from actfn.search.others import check_how
from actfn.search.plan import Outcome, Plan, Texts
from actfn.search.policies import make_policy
from actfn.search.policies.base import Policy
from actfn.search.policies.random import RandomPolicy
from actfn.search.preflight import check_child
from actfn.search.report import text
from actfn.search.scoring import objective_of
from actfn.search.session import Session
from actfn.spaces.grammar import SearchSpace
from actfn.spaces.groups import GroupedExpression, GroupedSpace

BASELINES = ("relu", "gelu", "swish_1")


@dataclasses.dataclass(frozen=True)
class Found:
    """What `find` or `compare` came to.

    Attributes:
        verdict: "switch to ..." or "keep ...", with interval and corrected p.
        switch: Whether another function than the incumbent is recommended.
        name: The function to use, as `actfn.get` takes it; or the text of one
            for each group.
        best: Its expression, or that of each group.
        leaderboard: The rows of confirmed.csv, the best gain first.
        comparisons: The same with the score of each seed.
        trials: The functions that were searched; empty for `compare`.
        values: The other hyperparameters that functions were compared under.
        report: The page, a self-contained HTML file.
        directory: Where everything is.
    """

    verdict: str
    switch: bool
    name: str
    best: Expression | GroupedExpression
    leaderboard: list[dict[str, object]]
    comparisons: tuple[Comparison, ...]
    trials: list[Result]
    values: dict[str, Any]
    report: pathlib.Path
    directory: pathlib.Path
    _make: Callable[[str], keras.Model] = dataclasses.field(repr=False)

    def build(self) -> keras.Model:
        """Returns a new compiled model with the chosen function.

        Its weights are new, unless a compiled model was searched with
        ``keep_weights=True``.
        """
        return self._make(self.name)


def find(
    build: Callable[[keras_tuner.HyperParameters], keras.Model] | keras.Model,
    x: Any,
    y: Any = None,
    *,
    space: SearchSpace | GroupedSpace | None = None,
    groups: Groups | None = None,
    policy: str | Policy = "surrogate",
    trials: int = 60,
    objective: str | keras_tuner.Objective = "val_loss",
    baselines: Sequence[str] | None = None,
    finalists: int = 3,
    repeats: int = 10,
    control: int | None = None,
    racing: bool = False,
    prior: str | None = "auto",
    **settings: Any,
) -> Found:
    """Finds the activation function for a model, and says whether to switch.

    A policy proposes functions; each is trained in the model and judged by the
    objective on validation data. Half as many random functions are trained as
    a control. Then the best functions and the baselines are trained again with
    fresh seeds that all of them share, and judged on data that the search
    never saw. Stopped at any moment, the same call goes on.

    Args:
        build: ``build(hp)`` as in Keras Tuner, or its `HyperModel`, with
            ``actfn.get(hp.get("activation"))`` at each site; or a compiled
            model, whose activations are exchanged.
        x: Whatever `Model.fit` takes: arrays, a `tf.data.Dataset`, a
            `PyDataset`, a PyTorch loader; or a function that returns one of
            them, called once in each process.
        y: Targets, if `x` is arrays.
        space: The functions that are searched; by default those of two core
            units, `SearchSpace(core_units=2)`.
        groups: Groups of sites, each with a function of its own, which one
            trial chooses together. For a model, names with patterns of its
            sites, as for `swap_activations`, such as ``{"early": "block_1*",
            "late": ["block_2*", "head"]}``; the first that matches counts. For
            ``build(hp)``, names such as ``("early", "late")``, and it reads
            ``hp.get("activation_early")`` and so on. Each has the functions of
            `space`, and a text is as ``early: max(x, 0); late: tanh(x)``.
        policy: A search method: surrogate, evolution, ppo, reinforce, random,
            exhaustive, or a `Policy` over `space`.
        trials: How many functions are trained in the search.
        objective: A metric that the model reports, with ``val_`` before it;
            where Keras Tuner does not know which way is better, with ``:max``
            or ``:min`` behind it.
        baselines: Known functions to beat, the first of them the one in use;
            ReLU, GELU and Swish-1 by default. Of a compiled model the one in
            use is put first, if the catalog has it.
        finalists: How many of the best functions are trained again.
        repeats: How often, each time with another seed; functions that cannot
            win are dropped on the way.
        control: How many random functions are trained; half of `trials` by
            default, 0 for none.
        racing: Whether up to a fifth of the trials are further seeds of
            functions that may be the best; see `PolicyOracle`. It pays where
            a function's score differs from seed to seed as much as good
            functions differ.
        prior: ``"table"`` to begin with what functions came to on the tasks of
            the open table, see `SurrogatePolicy`; None to begin with random
            ones. By default the table where it fits: the surrogate, functions
            of one input, and no groups.
        **settings: Those of `compare`, from `validation_data` on.

    Returns:
        The verdict, the chosen function and all results.

    Raises:
        ValueError: An argument is not as above, arrays differ in length, the
            model does not report the objective, or the directory holds
            another search, of another model or other data say. Nothing is
            written then.
        FatalError: `build` or `fit` raised an exception, which is shown.

    Example:
        >>> found = actfn.search.find(  # doctest: +SKIP
        ...     build, x_train, y_train, epochs=3, directory="results/mine"
        ... )
        >>> print(found.verdict)  # doctest: +SKIP
        >>> model = found.build()  # doctest: +SKIP
    """
    trials = check_count("trials", trials)
    finalists = check_count("finalists", finalists)
    seed = check_seed(settings.get("seed", 0))
    if space is not None and not isinstance(space, SearchSpace | GroupedSpace):
        raise ValueError(
            "`space` must be a SearchSpace, or one for each group. "
            f"Received: {space!r}"
        )
    if isinstance(policy, Policy):
        space = policy.space
    space = space or SearchSpace(core_units=2)
    groups = space.groups or None if groups is None else groups
    check_groups(groups, build)
    if not isinstance(policy, Policy):
        space = grouped(space, groups)
        policy = make_policy(policy, space, seed, prior)
    elif prior not in ("auto", None):
        raise ValueError(
            "`prior` must be given to the policy itself, if that is not a "
            f"name. Received: {prior!r}"
        )
    check_space(space, groups)
    if control is not None:
        control = check_count("control", control, least=0)
    check_racing(racing, policy)
    if control is None:
        control = 0 if isinstance(policy, RandomPolicy) else trials // 2
    return _run(
        build,
        x,
        y,
        objective=objective,
        baselines=baselines,
        usual=BASELINES,
        repeats=repeats,
        groups=groups,
        search={
            "policy": policy,
            "trials": trials,
            "finalists": finalists,
            "control": RandomPolicy(space, seed=seed + 1) if control else None,
            "control_trials": control,
            "racing": racing,
        },
        **settings,
    )


def compare(
    build: Callable[[keras_tuner.HyperParameters], keras.Model] | keras.Model,
    x: Any,
    y: Any = None,
    *,
    candidates: Sequence[str] | str = "catalog",
    objective: str | keras_tuner.Objective = "val_loss",
    baselines: Sequence[str] | None = None,
    repeats: int = 10,
    **settings: Any,
) -> Found:
    """Says which of some known functions to take for a model, if any.

    There is no search: all functions are trained with the same fresh seeds,
    and those that cannot win are dropped early. "Keep yours" is an answer.

    Args:
        build: As for `find`.
        x: As for `find`.
        y: As for `find`.
        candidates: Names or expression texts; ``"catalog"`` takes all names
            of `actfn.catalog`.
        objective: As for `find`.
        baselines: The function in use; it is kept unless another is better.
            ReLU by default, or that of a compiled model.
        repeats: Seeds of each function that is not dropped.
        **settings: Of `find` and `compare` alike:

            - ``validation_data``, ``validation_split``, ``test_data``: what
              functions are judged by. Without ``test_data``, half of the
              validation data is kept from the search; without validation
              data, a fifth of the arrays.
            - ``sample_weight`` and whatever else `Model.fit` takes, such as
              ``epochs``, ``batch_size`` and ``callbacks``. All data that
              children are judged by are read in batches of
              ``validation_batch_size`` and for ``validation_steps``.
            - ``replace``, ``keep_weights``: for a compiled model, which
              activations are exchanged (``"relu"``), and whether its weights
              are kept, for fine-tuning, or drawn anew; those of frozen layers
              and of adapted ones (`Normalization`) are kept in any case.
            - ``groups``: as for `find`; a function is then one for all
              groups or a text such as ``early: relu; late: tanh``.
            - ``hyperparameters``: how others than the activation are chosen.
              ``"shared"``: Keras Tuner's Bayesian optimisation tunes them with
              the first baseline in ``tuning_trials`` trials, and all functions
              share what it finds. ``"draw"``: each trial of the search draws
              its own, and those of the best trial are shared in the
              confirmation. ``"default"``, or a dictionary of values.
            - ``directory`` (``"results/activation"``), ``seed``, ``workers``,
              ``executor`` (``"here"``, ``"processes"``, ``"ray"``),
              ``address``, ``cpus``, ``gpus``: where and by whom children are
              trained.
            - ``tensorboard``: whether trials are written as HParams.
            - ``verbose``: 0 for no progress bar and no summary.

    Returns:
        The verdict, the chosen function and all results.

    Raises:
        ValueError: As for `find`.
        FatalError: As for `find`.
    """
    if isinstance(candidates, str):
        if candidates != "catalog":
            raise ValueError(
                '`candidates` must be a list of functions or "catalog". '
                f"Received: {candidates!r}"
            )
        candidates = catalog.names()
    if not candidates:
        raise ValueError("`candidates` must not be empty. Received: []")
    check_functions("candidates", candidates)
    return _run(
        build,
        x,
        y,
        objective=objective,
        baselines=baselines,
        usual=(),
        repeats=repeats,
        search={"candidates": candidates},
        **settings,
    )


def _run(
    build,
    x,
    y,
    *,
    objective,
    baselines: Sequence[str] | None,
    usual: Sequence[str],
    repeats,
    search: Mapping[str, Any],
    validation_data=None,
    validation_split: float = 0.0,
    test_data=None,
    sample_weight=None,
    replace=REPLACE,
    keep_weights: bool = False,
    groups: Groups | None = None,
    hyperparameters: str | Mapping[str, Any] = "shared",
    tuning_trials: int | None = None,
    directory="results/activation",
    seed: int = 0,
    workers: int = 1,
    executor=None,
    address: str | None = None,
    cpus: float = 1,
    gpus: float = 0,
    tensorboard: bool = False,
    verbose: int = 1,
    **fit,
) -> Found:
    repeats = check_count("repeats", repeats)
    seed = check_seed(seed)
    directory = folder_of(directory)
    patterns = check_groups(groups, build)
    build = builder_of(build, replace, keep_weights, patterns)
    used = build.in_use if isinstance(build, FromModel) else ()
    baselines = baselines_of(used, baselines, usual)
    if not baselines:
        raise ValueError("`baselines` must name the function in use.")
    if "candidates" in search:
        others = distinct(search["candidates"], known=baselines)
        if not others:
            raise ValueError(
                "`candidates` must have a function that is not among the "
                f"baselines, {', '.join(baselines)}. "
                f"Received: {search['candidates']!r}"
            )
        search = {**search, "candidates": others}
    for function in (*baselines, *search.get("candidates", ())):
        functions_of(function, patterns)
    parts = divide(
        x, y, sample_weight, validation_data, validation_split, test_data, seed
    )
    objective = objective_of(objective)
    child = ModelChild(build, parts, fit, objective.name, patterns)
    example = new_to_keras(
        (*baselines, *search.get("candidates", ())), is_text="policy" in search
    )
    settings = {
        each.__name__: [
            name
            for name, parameter in inspect.signature(each).parameters.items()
            if parameter.kind is not parameter.VAR_KEYWORD
        ]
        for each in (find, compare, _run)
    }
    given = hyperparameters if isinstance(hyperparameters, Mapping) else {}
    space, model = check_child(child, objective.name, example, settings, given)
    check_how(hyperparameters, space, draws="policy" in search)
    if tuning_trials is not None:
        tuning_trials = check_count("tuning_trials", tuning_trials)
    plan = Plan(
        objective=objective,
        baselines=baselines,
        repeats=repeats,
        seed=seed,
        others=hyperparameters,
        others_trials=tuning_trials,
        **search,
    )

    session = Session(
        plan,
        child,
        directory,
        make(executor, workers, address, cpus, gpus),
        _texts(plan, parts, fit),
        identity_of(plan, child, model, patterns, space),
        space,
        verbose=bool(verbose),
    )
    try:
        outcome = session.run()
    except KeyboardInterrupt:
        if verbose:
            print(
                f"\nStopped. What has been trained is kept in {directory}; the "
                "same again goes on.",
                file=sys.stderr,
            )
        raise
    if tensorboard:
        from actfn.search.report.tensorboard import write_trials

        write_trials(
            session.directory / "tensorboard",
            outcome.trials,
            objective.name,
            [trial.values for trial in outcome.trials],
            plan.sign,
        )
    if verbose:
        print(text(session.content()))
        print(f"See {outcome.report}")
    return _found(outcome, session, child, seed)


def _found(outcome: Outcome, session: Session, child, seed: int) -> Found:
    def make_model(name: str) -> keras.Model:
        return child.make(session.shared.of(name, seed))

    verdict = outcome.verdict
    return Found(
        verdict=f"{verdict.text} {verdict.note}".strip(),
        switch=verdict.switch,
        name=verdict.best,
        best=expression_of(verdict.best),
        leaderboard=outcome.rows,
        comparisons=verdict.comparisons,
        trials=outcome.trials,
        values=outcome.values,
        report=outcome.report,
        directory=session.directory,
        _make=make_model,
    )


def _texts(plan: Plan, parts: Parts, fit: Mapping[str, Any]) -> Texts:
    name = plan.objective.name
    epochs = fit.get("epochs", 1)
    if plan.policy is None:
        method = ""
        setting = f"{len(plan.candidates)} known functions are compared"
    else:
        method = type(plan.policy).__name__.removesuffix("Policy").lower()
        setting = (
            f"{plan.trials} functions of up to {plan.policy.space.core_units} "
            f"core units, proposed by {method}"
        )
        if getattr(plan.policy, "prior", None):
            setting += ", which began with what the open table knows"
        if groups := plan.policy.space.groups:
            setting += f", one for each group ({', '.join(groups)}) in a trial"
    setting += (
        f"; each child is trained for {epochs} epoch{'s' * (epochs != 1)} and "
        f"judged by {name}; {plan.repeats} paired seeds in the confirmation, "
        f"seed {plan.seed}."
    )
    return Texts(
        title="Activation functions for your model",
        policy=method,
        setting=setting,
        command="actfn.search.find" if plan.policy else "actfn.search.compare",
        provenance="The data of the call.",
        metric=name,
        note=parts.note,
    )
