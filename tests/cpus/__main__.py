"""Run a command on a lesser CPU: python -m tests.cpus Haswell -- COMMAND ...

With `all` for a model it runs on each of them in turn, and fails if it failed on one.
"""

import subprocess
import sys

from tests.cpus import HIDDEN, can_hide, hiding

if len(sys.argv) < 4 or sys.argv[1] not in ("all", *HIDDEN) or sys.argv[2] != "--":
    sys.exit(f"python -m tests.cpus {{all,{','.join(HIDDEN)}}} -- COMMAND ...")
if not can_hide():
    sys.exit("This CPU or kernel cannot hide CPUID (no cpuid_fault in /proc/cpuinfo).")
failed = []
for model in HIDDEN if sys.argv[1] == "all" else sys.argv[1:2]:
    if sys.argv[1] == "all":
        print(f"--- as a {model}", file=sys.stderr, flush=True)
    if subprocess.run(sys.argv[3:], env=hiding(model), check=False).returncode:
        failed.append(model)
sys.exit(f"failed on {', '.join(failed)}" if failed else 0)
