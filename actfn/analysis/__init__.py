"""Looking at functions, at trained parameters and at pre-activations."""

from actfn.analysis.functions import curve, plot_function, surface
from actfn.analysis.models import (
    plot_betas,
    plot_preactivations,
    preactivations,
    trained_betas,
)

__all__ = [
    "curve",
    "plot_betas",
    "plot_function",
    "plot_preactivations",
    "preactivations",
    "surface",
    "trained_betas",
]
