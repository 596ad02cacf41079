#!/usr/bin/env bash
# A real Home Assistant adds the app, lists its voices and speaks with them: `make test-home-assistant` calls this, as root.
#   tools/test-home-assistant.sh TREE [PYTEST ARGUMENT...]
# TREE: where Home Assistant's newest release is installed, once; HOME_ASSISTANT=2026.11.0 asks for another. 2.2 GB.
# shellcheck disable=SC2016
set -euo pipefail
cd "$(dirname "$0")/.."
tree=${1:?a folder} release=${HOME_ASSISTANT:-}
shift
contrib/apt-packages needed 'trying Home Assistant' mmdebstrap socat iproute2
if [ ! -e "$tree/ha/complete" ]; then
  # Debian's next release has the Python that Home Assistant asks for; g++ compiles two of its packages.
  [ ! -e "$tree" ] || { echo "$tree is only half made: remove it, and try again" >&2; exit 1; }
  mmdebstrap --quiet --mode=root --variant=minbase --include=python3-venv,python3-dev,g++,ffmpeg,libturbojpeg0,ca-certificates \
    --aptopt="$(apt-config dump Acquire::Check-Valid-Until)" forky "$tree"
  # This machine's way to the package index, behind a proxy too.
  cp /etc/resolv.conf "$tree/etc"
  cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs"
  cp tests/system/home_assistant/requirements.py "$tree/tmp"
  chroot "$tree" bash -euc '
    python3 -m venv /ha
    /ha/bin/pip install --quiet "homeassistant$1"
    /ha/bin/python /tmp/requirements.py >/ha/requirements.txt
    /ha/bin/pip install --quiet --requirement /ha/requirements.txt \
      --constraint /ha/lib/python3*/site-packages/homeassistant/package_constraints.txt
    touch /ha/complete
  ' bash "${release:+==$release}"
fi
export EDGE_HOME_ASSISTANT=$tree
exec unshare --mount --net --uts --pid --fork bash -euc '
  tree=$1
  shift
  # The name that the Supervisor gives an app, and an interface that leads nowhere: Home Assistant looks for one.
  hostname local-edge-voice
  ip link set lo up
  ip link add home type veth peer name nowhere
  ip address add 192.0.2.1/24 dev home
  ip link set home up
  ip link set nowhere up
  ip route add default dev home
  mount -t tmpfs tmpfs "$tree/tmp"
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  mount -t proc proc /proc
  .venv/bin/python -m pytest tests/system/home_assistant/proof.py "$@"
' bash "$tree" "$@"
