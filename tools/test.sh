#!/usr/bin/env bash
# Run the tests side by side: `make test` calls this.
#   [EDGE_ARM64=FOLDER] tools/test.sh JOBS [PYTEST ARGUMENT...]
# JOBS: one more than cores by default, as tests at a real clock's pace mostly wait; 0: in one process.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:?number of processes}
shift
contrib/apt-packages needed 'testing through a real sound server' pulseaudio pulseaudio-utils libasound2-plugins strace \
  openssh-client iproute2 socat cmake g++ systemd systemd-container speech-dispatcher faketime nodejs
if [ "$(uname -m)" = x86_64 ]; then
  contrib/apt-packages wanted 'testing on emulated ARM' qemu-user mmdebstrap g++-aarch64-linux-gnu
fi
exec .venv/bin/python -m pytest --numprocesses "$jobs" --dist loadscope --no-loadscope-reorder "$@"
