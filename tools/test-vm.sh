#!/usr/bin/env bash
# Try the packages on an emulated Raspberry Pi 5: `make test-vm` calls this, as root.
#   tools/test-vm.sh FOLDER [PYTEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?a folder for the image}
shift
contrib/apt-packages needed 'emulating a board' qemu-system-arm ipxe-qemu qemu-user-static mmdebstrap arch-test \
  device-tree-compiler e2fsprogs
contrib/wheels
contrib/debian/build arm64 3.11
.venv/bin/edge build en_US-heart --profile rpi5 --if-needed
contrib/debian/voice build/bundles/en_US-heart--rpi5
.venv/bin/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev,quality]'
tests/system/vm/image.sh "$folder/image"
EDGE_VM=$folder .venv/bin/python -m pytest tests/system/vm/proof.py "$@"
