"""A hunt: mutate what is kept, keep what reaches new lines, and tell what a parser should not do.

In a child process, because a target may end it (the operators are C++) or never come back.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import corpus
from tests.fuzz.lines import Lines
from tests.fuzz.mutation import MAX_BYTES, mutated
from tests.fuzz.targets import TARGETS

HANG_S = 20
"""Seconds that one input may take: SSML that is quadratic in spaces took 40."""
_LENGTH = struct.Struct("=Q")

Found = tuple[str, str]
"""Kind of error, and the place that raised it: one input of each is kept."""


def in_child(name: str, work: Callable[[Callable[[bytes], None]], int]) -> int:
    """Do `work(note)` in a child, which notes each input; keep the one that ended the child."""
    last = mmap.mmap(-1, _LENGTH.size + MAX_BYTES)

    def note(data: bytes) -> None:
        last[: _LENGTH.size + len(data)] = _LENGTH.pack(len(data)) + data

    sys.stdout.flush()
    if not (child := os.fork()):
        status = 1
        try:
            status = work(note)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status >= 0:
        return status
    length = _LENGTH.unpack(last[: _LENGTH.size])[0]
    path = corpus.keep(name, last[_LENGTH.size : _LENGTH.size + length], found=True)
    why = f"took more than {HANG_S} s" if -status == signal.SIGALRM else f"ended by {-status}"
    print(f"{name}: {why}: {path}")
    return 1


def hunt(name: str, seconds: float, seed: int, keep: bool, note: Callable[[bytes], None]) -> int:
    """Look for so long; 1 if something was found. With `keep`, what reaches far is kept too."""
    target, chance = TARGETS[name], random.Random(seed)
    found: dict[Found, Path | None] = {}
    inputs = 0
    with Lines() as lines:

        def run(data: bytes) -> None:
            nonlocal inputs
            inputs += 1
            note(data)
            signal.alarm(HANG_S)
            try:
                target.run(data)
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                kind = (type(error).__name__, f"{where.filename}:{where.lineno}")
                if kind not in found:
                    found[kind] = corpus.keep(name, data, found=True)
                    print(f"{name}: {found[kind]}")
                    traceback.print_exception(error)
            finally:
                signal.alarm(0)

        pool = [data[:MAX_BYTES] for data in corpus.kept(name)] or [b""]
        for data in list(pool):
            run(data)
        began_with = len(lines)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            # What came last reaches farthest: every other input is one of the newest.
            near = pool[-20:] if chance.random() < 0.5 else pool
            data = mutated(chance, chance.choice(near), pool)
            reached = len(lines)
            run(data)
            if len(lines) > reached:
                pool.append(data)
                if keep:
                    corpus.keep(name, data, found=False)
    print(f"{name}: {inputs:,} inputs, {began_with:,} lines, then {len(lines):,}, "
          f"{len(found)} found")  # fmt: skip
    return int(bool(found))
