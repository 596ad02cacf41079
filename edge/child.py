"""A module of ours, run in a process of its own that imports nothing from the current folder.

`python -m` looks there first: on Python 3.10, and in every virtual environment, a yaml.py in the
folder in which somebody types `sudo edge install` would run as root.
"""

import os
import sys


def command(module: str, *arguments: str | os.PathLike[str]) -> list[str]:
    """Say how `python -m MODULE ARGUMENTS` is typed, but safely."""
    return [sys.executable, __file__, module, *(os.fspath(argument) for argument in arguments)]


if __name__ == "__main__":
    here = __file__.rpartition("/")[0]  # the folder of a script comes first, too
    # os was in memory before this file; nothing else may be imported before the next line.
    sys.path[:] = [place for place in sys.path if place not in ("", here)]
    import runpy

    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
