"""Other activations for a finished model, its weights kept."""

from actfn.surgery.sites import Site
from actfn.surgery.swap import find_sites, rebuild, swap_activations

__all__ = ["Site", "find_sites", "rebuild", "swap_activations"]
