#!/usr/bin/env bash
# What an emulated ARM board runs, into FOLDER, and only what is not there yet: a Debian 12 tree for
# arm64, and the aarch64 wheels (80 and 207 MB).
#   tests/system/arm64/fetch.sh FOLDER PYTHON
set -euo pipefail
folder=$1 python=$2
cd "$(dirname "$0")/../../.."
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
