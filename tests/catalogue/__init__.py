"""Every true and every false bundle that we could think of, each with one fault, the check that must see it and the
verdict; one file a check. The unit tests judge the verifier by it, and `tests/vectors/make.py` writes it down.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.catalogue.vector import VECTORS, Made, Vector, vector

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["VECTORS", "Made", "Vector", "vector"]
