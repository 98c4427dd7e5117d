"""What functions came to on other tasks, as a search begins."""

from __future__ import annotations

import functools
import hashlib
import pathlib
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import special, stats

from actfn.search.files import replacing
from actfn.search.policies.shapes import Shapes
from actfn.spaces.groups import parse_functions

PATH = pathlib.Path(__file__).with_name("prior.npz")
"""What `experiments.tabulate prior` makes of the open table."""
_NEIGHBOURS = 3
_NEAR = 1e-3
"""Squared distance within which functions count as the same."""


def normal_scores(rewards: Sequence[float]) -> np.ndarray:
    """Returns the normal quantiles of the ranks, (rank - 1/2) / count.

    What is equal shares the mean of its ranks (van der Waerden's scores, but
    for the half).
    """
    ranks = stats.rankdata(rewards)
    return special.ndtri((ranks - 0.5) / len(ranks))


class Prior:
    """Predicts how good functions are from what they came to on other tasks.

    A function's prediction is the mean over the tasks of its normal score
    there, that of the three functions of nearest shape: its values and slopes
    at quantiles of the normal distribution, with all parameters 1.

    Args:
        texts: The functions, of one input.
        scores: Of each task the functions' normal scores, NaN where it was
            not trained.
        shapes: Those of the functions, `Shapes.outlines`; by default they are
            computed.

    Attributes:
        texts: The functions.
        scores: Of each task.
        shapes: Those of the functions.

    Raises:
        ValueError: No function has a score.
    """

    def __init__(
        self,
        texts: Sequence[str],
        scores: Mapping[str, np.ndarray],
        shapes: np.ndarray | None = None,
    ):
        self.texts = list(texts)
        self.scores = {task: np.asarray(each) for task, each in scores.items()}
        if shapes is None:
            functions = [parse_functions(text) for text in texts]
            describe = Shapes()
            shapes = describe.outlines(describe.table(functions))
        self.shapes = shapes
        columns = np.reshape([*self.scores.values()], (-1, len(self.texts)))
        known = np.isfinite(columns).any(axis=0)
        if not known.any():
            raise ValueError(
                "`scores` must have a score of a function at least. "
                f"Received: tasks {[*self.scores]} of {len(texts)} functions"
            )
        means = np.nanmean(columns[:, known], axis=0)
        self._points = shapes[known].astype("float32")
        self._squares = np.square(self._points).sum(axis=1)
        self._means = means.astype("float32")
        places = np.flatnonzero(known)[np.argsort(-means, kind="stable")]
        self._ranked = [self.texts[place] for place in places]

    @classmethod
    def load(
        cls, path: str | pathlib.Path | None = None, without: Sequence[str] = ()
    ) -> Prior:
        """Reads what `save` has written.

        Args:
            path: By default that of the package.
            without: Tasks that are to be left out, as one that is searched.

        Raises:
            ValueError: The file is missing, or no other task is left.
        """
        path = PATH if path is None else path
        try:
            with np.load(path, allow_pickle=False) as file:
                texts = str(file["texts"]).split("\n")
                shapes = file["shapes"]
                scores = {
                    task: file[f"score {task}"].astype("float32")
                    for task in str(file["tasks"]).split()
                    if task not in without
                }
        except (
            *(OSError, KeyError, ValueError, EOFError),
            *(zipfile.BadZipFile, zlib.error),
        ) as error:
            raise ValueError(
                f"{path} must be a prior, which `python -m "
                "experiments.tabulate prior` makes of the open table. "
                f"Received: {error}"
            ) from error
        return cls(texts, scores, shapes)

    def save(self, path: str | pathlib.Path) -> None:
        """Writes it as a compressed file of NumPy; numbers have 16 bits.

        A crash leaves the old file or the new.
        """
        scores = {
            f"score {task}": each.astype("float16")
            for task, each in self.scores.items()
        }
        with replacing(path) as file:
            np.savez_compressed(
                file,
                texts=np.array("\n".join(self.texts)),
                tasks=np.array(" ".join(self.scores)),
                shapes=self.shapes.astype("float16"),
                **scores,
            )

    @functools.cached_property
    def digest(self) -> str:
        """What tells it from others, such as those of other tasks."""
        told = hashlib.sha256("\n".join(self.texts).encode())
        for task in sorted(self.scores):
            told.update(
                task.encode() + self.scores[task].astype("<f2").tobytes()
            )
        return told.hexdigest()[:12]

    def best(self, count: int) -> list[str]:
        """Returns the texts of the best functions, the best first."""
        return self._ranked[:count]

    def predict(self, shapes: np.ndarray) -> np.ndarray:
        """Returns the predicted normal score of each outline of a function."""
        count = min(_NEIGHBOURS, len(self._means))
        products = shapes @ self._points.T
        squares = np.square(shapes).sum(axis=1)[:, None] + self._squares
        distances = np.maximum(squares - 2 * products, 0)
        near = np.argpartition(distances, count - 1, axis=1)[:, :count]
        weights = 1 / (np.take_along_axis(distances, near, axis=1) + _NEAR)
        return (weights * self._means[near]).sum(axis=1) / weights.sum(axis=1)
