#!/usr/bin/env bash
# Build the Debian packages from dist/*.whl and try them on a booted system: `make test-deb` calls this, as root.
#   tools/test-deb.sh SUITE TREE VOICE [PYTEST ARGUMENT...]
# TREE: a clean tree of the suite, with lists of its packages and without libportaudio2 (Ubuntu's need its keyring).
set -euo pipefail
cd "$(dirname "$0")/.."
suite=$1 tree=$2 voice=$3
shift 3
contrib/apt-packages needed 'trying the packages' systemd systemd-container dbus lintian shellcheck mmdebstrap
grep -rlE '^#!(/usr/bin/env bash|/bin/(ba)?sh)' contrib tools tests/system --exclude-dir=__pycache__ | xargs shellcheck
[ -e "$tree/usr/bin/python3" ] || mmdebstrap --quiet --mode=root --variant=minbase --skip=cleanup/apt/lists \
  --include=systemd-sysv,dbus,python3,apt "$suite" "$tree"
export OUT=build/test-deb COMPRESSION='-Zgzip -z1'
mkdir -p "$OUT"
rm -f "$OUT"/*.deb
.venv/bin/edge build "$voice" --profile x86-64 --if-needed
python=$(basename "$(readlink "$tree/usr/bin/python3")")
contrib/debian/build amd64 "${python#python}"
contrib/debian/voice "build/bundles/$voice--x86-64"
.venv/bin/edge build tone --profile x86-64 --if-needed
contrib/debian/voice build/bundles/tone--x86-64
contrib/debian/offline "$suite" amd64 "$OUT"/edge-voice-*-x86-64_*.deb
lintian --fail-on error,warning "$OUT"/*.deb
EDGE_DEBS=$OUT/$suite-amd64 EDGE_TREE=$tree .venv/bin/python -m pytest tests/system/systemd/packages.py "$@"
