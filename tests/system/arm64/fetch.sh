#!/usr/bin/env bash
# What an emulated ARM board runs, into FOLDER, and only what is not there yet: a Debian 12 tree for
# arm64, and the aarch64 wheels (80 and 207 MB).
#   tests/system/arm64/fetch.sh FOLDER PYTHON [builder]
# builder: what `edge build` needs besides, into FOLDER/builder.
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

# wheels PLACE PACKAGE...: into FOLDER/PLACE, at the versions that were tested together.
wheels() {
  local place=$folder/$1 wanted platforms=()
  shift
  wanted="$* $(sha256sum < .ci/constraints.txt)"
  [ "$(cat "$place/.wanted" 2>/dev/null)" != "$wanted" ] || return 0
  rm -rf "$place"
  for glibc in 17 24 27 28; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
  "$python" -m pip install --quiet --target "$place" "${platforms[@]}" --platform manylinux2014_aarch64 \
    --implementation cp --python-version 3.11 --only-binary=:all: --constraint .ci/constraints.txt "$@"
  echo "$wanted" > "$place/.wanted"
}
# What a board installs; our own package is this checkout.
wheels site onnxruntime numpy pyyaml piper-tts sounddevice soxr hibari-tts
[ -z "${3:-}" ] || wheels "$3" onnx onnxconverter-common rich pyloudnorm
