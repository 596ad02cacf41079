#!/bin/bash
# tools/gpu/run.sh FOLDER OUT: the rows of docs/measurements/2026-11-23-cuda.md that are shipped, on a machine with an
# NVIDIA GPU, CUDA's libraries among python3's packages, and no network; about 4 minutes.
# FOLDER holds site/ (onnxruntime-gpu and piper-tts) and bundle/ (a jetson-orin-nano bundle of joe).
# OUT gets log.txt, table.json and the sound of the corpus. Every
# part is run even where one before it failed; the exit status is then 1.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
FOLDER=$(readlink -f "$1") OUT=$(readlink -f "$2")
PACKAGES=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
LIBRARIES=$(find "$PACKAGES/nvidia" -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd:)
export LD_LIBRARY_PATH="$LIBRARIES:/usr/local/cuda/lib64:${LD_LIBRARY_PATH:-}"
export PYTHONPATH="$FOLDER/site:$PWD" PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1
export CACHE_DIRECTORY="$FOLDER/cache" STATE_DIRECTORY="$FOLDER/state"
mkdir -p "$CACHE_DIRECTORY" "$STATE_DIRECTORY"
# edge tune refuses a bundle that is for another board.
TUNE='
import sys
from pathlib import Path
from edge.bundle import open_bundle
from edge.machine import read_machine
from edge.bench.tune import tune
from edge.commands.tune import HEAD, rows
found = tune(open_bundle(Path(sys.argv[1]), None), read_machine())
for row in (HEAD, *rows(found)): print(*row, sep="  ")
for one in found.timed: print(one.variant, [round(1000 * s, 1) for s in one.seconds], "ms")
print("chosen:", found.chosen, "-", found.reason)
'
FAILED=0
part() { echo "== $3 ${4:0:40}"; timeout 240 "$@" || { echo "failed with status $?"; FAILED=1; }; }

{
  nvidia-smi --query-gpu=name,compute_cap,driver_version,memory.total --format=csv,noheader
  lscpu | grep -E 'Model name|^CPU\(s\)'
  python3 -V
  part python3 -m tools.gpu.measure "$FOLDER/bundle" --out "$OUT"
  for row in cpu windows; do part python3 -m tools.gpu.corpus speak "$FOLDER/bundle" $row "$OUT/$row.npz"; done
  part python3 -m tools.gpu.corpus compare "$OUT/cpu.npz" "$OUT/windows.npz"
  part python3 -c "$TUNE" "$FOLDER/bundle"
  echo "failed parts: $FAILED"
} 2>&1 | tee "$OUT/log.txt"
grep -q '^failed parts: 0' "$OUT/log.txt"
