#!/usr/bin/env bash
# Run the tests of graphs and kernels as on lesser PCs: `make test-cpus` calls this.
#   tools/test-cpus.sh [PYTEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."
contrib/apt-packages needed 'testing on lesser CPUs' qemu-user cmake g++
exec .venv/bin/python -m tests.cpus all -- .venv/bin/python -m pytest -q tests/kernels tests/bundler tests/bench \
  tests/contracts tests/test_profiles.py tests/synth/test_cosyvoice3_*.py "$@"
