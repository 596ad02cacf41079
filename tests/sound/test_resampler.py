"""Where memory ends, libsoxr would end the process; a child under a limit shows that it lives."""

from __future__ import annotations

import subprocess
import sys

from tests.helpers.daemon_under_test import ROOT

CHILD = """
import resource
import numpy as np
from edge.sound.resampler import Resampler

PAGE, HALF_SECOND = resource.getpagesize(), np.zeros(11_025, np.float32)
kept, refused = [], 0
Resampler(22_050, 48_000).feed(HALF_SECOND)  # its library is loaded
for more in range(0, 12 << 20, 256 << 10):
    size = PAGE * int(open("/proc/self/statm").read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (size + more, resource.RLIM_INFINITY))
    try:
        for _ in range(100):
            kept.append(Resampler(22_050, 48_000))
            kept[-1].feed(HALF_SECOND)
    except MemoryError:
        refused += 1
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    kept = kept[-8:]
print(refused)
"""


def test_no_memory_for_a_resampler_is_told_and_ends_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
