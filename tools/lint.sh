#!/usr/bin/env bash
# Check style, types, the import ladder and docstrings: `make lint` calls this.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
ruff check .
ruff format --check .
mypy
lint-imports
python -m tools.docstrings
