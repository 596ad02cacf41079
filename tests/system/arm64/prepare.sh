#!/usr/bin/env bash
# Everything that the proof on emulated ARM needs, into FOLDER, and only what is not there yet:
# a Debian 12 tree for arm64, the aarch64 wheels, the operator library, the counting plugin, and
# joe built for every ARM board. No root is needed but for apt.
#   tests/system/arm64/prepare.sh FOLDER PYTHON [short]      PYTHON: one with the packages of edge-voice[dev]
# short: without the plugin and the bundles, for tests/system/test_arm64.py.
set -euo pipefail
folder=$1 python=$2 short=${3:-}
cd "$(dirname "$0")/../../.."
mkdir -p "$folder"

tests/system/arm64/fetch.sh "$folder" "$python"

# Another checkout's objects may be newer than this one's sources.
grep -qsx "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD/edge/kernels" "$folder/kernels/CMakeCache.txt" || rm -rf "$folder/kernels"
cmake -S edge/kernels -B "$folder/kernels" -DCMAKE_TOOLCHAIN_FILE="$PWD/edge/kernels/test/aarch64.cmake" >/dev/null
cmake --build "$folder/kernels" --target edge_kernels kernel_test >/dev/null
[ -z "$short" ] || exit 0
gcc -shared -fPIC -O2 -Wall -Wextra -o "$folder/count.so" tests/system/arm64/count.c

"$python" -m tests.system.arm64.bundles "$folder/bundles"
