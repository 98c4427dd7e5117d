"""Optuna's tree-structured Parzen estimator over the tokens of a function."""

from __future__ import annotations

from typing import Any

from actfn.expressions.expression import Expression
from actfn.search.checks import check_finite
from actfn.search.policies.base import BasePolicy
from actfn.spaces.grammar import SearchSpace


class OptunaPolicy(BasePolicy):
    """`optuna.samplers.TPESampler` as Optuna has it, one category a token.

    Its state cannot be saved: in `experiments.simulate` whole runs are kept.

    Args:
        space: Where the proposals come from.
        seed: Of the sampler.

    Raises:
        ValueError: Optuna is not installed.

    Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization",
    NeurIPS 2011.
    """

    def __init__(self, space: SearchSpace, seed: int = 0):
        super().__init__(space, seed)
        try:
            import optuna
        except ImportError:
            raise ValueError(
                "optuna is not installed: pip install optuna"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=self.seed),
        )
        self._distributions = {
            f"token {place}": optuna.distributions.CategoricalDistribution(
                range(size)
            )
            for place, size in enumerate(space.token_sizes)
        }

    def tell(self, expression: Expression, reward: float) -> None:
        """Adds a foreign result as a trial of its own."""
        import optuna

        reward = check_finite("reward", reward)
        tokens = self.space.encode(expression)
        self._results += 1
        params = dict(zip(self._distributions, tokens, strict=True))
        self._study.add_trial(
            optuna.trial.create_trial(
                params=params,
                distributions=self._distributions,
                value=reward,
            )
        )

    def get_state(self) -> dict[str, Any]:
        """Raises NotImplementedError: Optuna keeps no state of a sampler."""
        raise NotImplementedError("An OptunaPolicy cannot be saved.")

    def set_state(self, state: dict[str, Any]) -> None:
        """Raises NotImplementedError, as `get_state` does."""
        raise NotImplementedError("An OptunaPolicy cannot be restored.")

    def _draw(self, n: int) -> list[tuple[Expression, Any]]:
        drawn = []
        for _ in range(n):
            trial = self._study.ask(self._distributions)
            tokens = [trial.params[name] for name in self._distributions]
            drawn.append((self.space.decode(tokens), trial.number))
        return drawn

    def _learn(self, memory: int, reward: float) -> None:
        self._study.tell(memory, reward)
