"""Run a command on a lesser CPU: python -m tests.cpus Haswell -- COMMAND ..."""

import os
import sys

from tests.cpus import HIDDEN, can_hide, hiding

if len(sys.argv) < 4 or sys.argv[1] not in HIDDEN or sys.argv[2] != "--":
    sys.exit(f"python -m tests.cpus {{{','.join(HIDDEN)}}} -- COMMAND ...")
if not can_hide():
    sys.exit("This CPU or kernel cannot hide CPUID (no cpuid_fault in /proc/cpuinfo).")
os.execvpe(sys.argv[3], sys.argv[3:], hiding(sys.argv[1]))
