#!/usr/bin/env bash
# Run the tests with the extras that `make test` skips, five times the examples, and a minute of fuzzing for each parser: `make test-all` calls this.
# Resemblyzer is not among the extras: its dependencies are 5 GB.
#   tools/test-all.sh JOBS [PYTEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:?number of processes}
shift
.venv/bin/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev,quality,cosyvoice3,tensorrt-check,farm]' ovos-plugin-manager 'cyclonedx-python-lib[json-validation]>=11,<12'
tools/test.sh "$jobs" --hypothesis-profile=release "$@"
exec .venv/bin/python -m tests.fuzz
