"""Other activations for a finished model, its weights kept."""

from actfn.surgery.swap import rebuild, swap_activations

__all__ = ["rebuild", "swap_activations"]
