"""Architectures; each takes an ``activation`` factory, called once a site."""

# Imported for the models that they register.
from models import applications as _applications  # noqa: F401
from models import densenet as _densenet  # noqa: F401
from models import inception_v4 as _inception_v4  # noqa: F401
from models import nasnet as _nasnet  # noqa: F401
from models import resnet as _resnet  # noqa: F401
from models import transformer as _transformer  # noqa: F401
from models import wide_resnet as _wide_resnet  # noqa: F401
from models.registry import build, names, options, register

__all__ = ["build", "names", "options", "register"]
