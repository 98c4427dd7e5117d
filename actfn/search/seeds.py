"""Seeds that follow from other numbers."""

import numpy as np


def derived_seed(*numbers: int) -> int:
    """Returns a seed of 31 bits that follows from some numbers.

    Other numbers give a seed that is independent for all that is known
    (`numpy.random.SeedSequence`), also where they differ by one.

    Args:
        *numbers: Integers from 0, as a search's seed, the number of a use and
            the number of a run.
    """
    return int(np.random.SeedSequence(numbers).generate_state(1)[0] >> 1)
