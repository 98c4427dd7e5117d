import functools

import pytest

import actfn
import models


@pytest.fixture(scope="session")
def swish_model():
    """Builds each model at full size once, with Swish."""
    return functools.cache(
        lambda name, **options: models.build(
            name, activation=lambda: actfn.get("swish"), **options
        )
    )
