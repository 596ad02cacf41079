"""Whether the installed onnxruntime computes attention as these graphs mean it.

Before 1.24 its GroupQueryAttention with a window saw a row too many (a relative error of 1e-4 to
2e-3 in the sound), and 1.19 could not go on from a cache with more than one row."""

from __future__ import annotations

from edge.errors import MissingPackage
from edge.synth.session import versions

LEAST = (1, 24)


def check_runtime() -> None:
    """Raises MissingPackage."""
    found = versions()["onnxruntime"]
    if not is_new_enough(found):
        least = ".".join(map(str, LEAST))
        raise MissingPackage(
            f"the pocket family needs onnxruntime {least} or newer, here is {found}",
            f"python -m pip install 'onnxruntime>={least}' (it needs Python 3.11 or newer)",
        )


def is_new_enough(version: str) -> bool:
    return tuple(int(part) for part in version.split(".")[:2]) >= LEAST
