"""Load a package that only some builds need, or say which pip line brings it."""

from __future__ import annotations

import importlib
from types import ModuleType

from edge.errors import MissingPackage


def require(module: str, purpose: str, install: str) -> ModuleType:
    """Import `module`; raises MissingPackage with the `install` line as the remedy.

    A package that is there but cannot be imported (a library it needs is gone) is told with the
    loader's own words, because installing it again would be the wrong advice without them.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackage(
            f"{purpose} needs the Python package {module!r}, which cannot be loaded: {error}",
            f"Run: {install}",
        ) from None
