#!/usr/bin/env bash
# Which branches of edge/ the tests run, in children too: `make coverage` calls this. Half an hour, because each line costs a little.
#   tools/coverage.sh JOBS [PYTEST ARGUMENT...]
set -uo pipefail
cd "$(dirname "$0")/.." || exit
jobs=${1:?number of processes}
shift
.venv/bin/python -m pip install --quiet --constraint .ci/constraints.txt coverage
rm -rf build/coverage && mkdir -p build/coverage
.venv/bin/python -m coverage run -m pytest --numprocesses "$jobs" --dist loadscope --no-loadscope-reorder "$@"
result=$? # what failed is said, and what ran is told all the same
.venv/bin/python -m coverage combine --quiet && .venv/bin/python -m coverage json --quiet && .venv/bin/python -m coverage report
exit "$result"
