#!/usr/bin/env bash
# Everything that the proof on emulated ARM needs, into FOLDER, and only what is not there yet:
# a Debian 12 tree for arm64, the aarch64 wheels, the operator library, the counting plugin, and
# joe built for every ARM board. No root is needed but for apt.
#   tests/arm64/prepare.sh FOLDER PYTHON      PYTHON: one with the packages of edge-voice[dev]
set -euo pipefail
folder=$1 python=$2
cd "$(dirname "$0")/../.."
mkdir -p "$folder"

tree=$folder/tree
if [ ! -e "$tree/usr/bin/python3.11" ]; then
  # Only extracted: no program of the tree runs here, so neither binfmt_misc nor chroot is needed.
  rm -rf "$tree" "$tree.part"
  mmdebstrap --quiet --variant=extract --architectures=arm64 \
    --include=python3-minimal,libpython3-stdlib,libportaudio2,libstdc++6 bookworm "$tree.part"
  mv "$tree.part" "$tree"
fi

# What a board installs, at the versions that were tested together; our own package is this checkout.
packages=(onnxruntime numpy pyyaml piper-tts sounddevice soxr hibari-tts)
wanted="${packages[*]} $(sha256sum < .ci/constraints.txt)"
if [ "$(cat "$folder/site/.wanted" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$folder/site"
  platforms=()
  for glibc in 17 24 27 28; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
  "$python" -m pip install --quiet --target "$folder/site" "${platforms[@]}" --platform manylinux2014_aarch64 \
    --implementation cp --python-version 3.11 --only-binary=:all: --constraint .ci/constraints.txt "${packages[@]}"
  echo "$wanted" > "$folder/site/.wanted"
fi

# Another checkout's objects may be newer than this one's sources.
grep -qsx "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD/edge/kernels" "$folder/kernels/CMakeCache.txt" || rm -rf "$folder/kernels"
cmake -S edge/kernels -B "$folder/kernels" -DCMAKE_TOOLCHAIN_FILE="$PWD/edge/kernels/test/aarch64.cmake" >/dev/null
cmake --build "$folder/kernels" --target edge_kernels kernel_test >/dev/null
gcc -shared -fPIC -O2 -Wall -Wextra -o "$folder/count.so" tests/arm64/count.c

"$python" -m tests.arm64.bundles "$folder/bundles"
