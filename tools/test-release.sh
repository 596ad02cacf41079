#!/usr/bin/env bash
# Install from a release's files alone, on a clean system without a network: with apt, and with pip; then speak.
# `make test-release` calls this, as root.
#   tools/test-release.sh RELEASE SUITE TREE       TREE: a clean tree of the suite, which stays as it is
set -euo pipefail
cd "$(dirname "$0")/.."
release=$(realpath "${1:?a release}") suite=${2:?a suite, as bookworm} tree=$(realpath "${3:?a clean tree of it}")
python=$(basename "$(readlink "$tree/usr/bin/python3")")
folder=$(mktemp -d)
trap 'rm -rf --one-file-system "$folder"' EXIT
# pip itself is not among the files: a clean Debian has none, and whoever installs with it has it.
mkdir -p "$folder"/{upper,pip}
cp -r .venv/lib/python3*/site-packages/pip "$folder/pip"
cat >"$folder/inside" <<'END'
set -euo pipefail
release=$1 suite=$2 python=$3
heard() { "$python" -c 'import sys, wave
with wave.open(sys.argv[1]) as sound:
    samples = sound.readframes(sound.getnframes())
    print(sys.argv[2], round(sound.getnframes() / sound.getframerate(), 1), "s of sound,", len(set(samples)), "values")
    sys.exit(sound.getnframes() < sound.getframerate() or len(set(samples)) < 100)' "$1" "$2"; }
export DEBIAN_FRONTEND=noninteractive HOME=/tmp ORT_DISABLE_TELEMETRY=1
if (exec 3<>/dev/tcp/1.1.1.1/80) 2>/dev/null; then echo "there is a network, so this proves nothing" >&2; exit 1; fi
cd "$release"
{
  dpkg --install --refuse-downgrade --skip-same-version "system/$suite-amd64"/*.deb
  apt-get install --yes ./debian/edge-voice_*+py"${python#python}"_amd64.deb ./debian/edge-voice-hibari_*_all.deb ./debian/edge-voice-en-us-heart-x86-64_*_amd64.deb
} >/tmp/apt.log 2>&1 || { tail -n 20 /tmp/apt.log; exit 1; }
edge say --local --out /tmp/apt.wav 'The kettle is on.'
heard /tmp/apt.wav apt:
PYTHONPATH=/tmp/pip "$python" -m pip install --quiet --no-index --find-links python --target /tmp/site \
  --root-user-action=ignore 'edge-voice[cpu,audio,hibari]'
cd /tmp
PYTHONPATH=/tmp/site "$python" -m edge say --local --bundle /usr/share/edge-voice/bundles --out /tmp/pip.wav 'The kettle is on.'
heard /tmp/pip.wav pip:
END
# shellcheck disable=SC2016
unshare --mount --net --pid --fork bash -euc '
  folder=$1 release=$2 tree=$3
  mount -t tmpfs tmpfs "$folder/upper"
  mkdir "$folder"/upper/{upper,work,root}
  root=$folder/upper/root
  mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/upper/upper,workdir=$folder/upper/work" "$root"
  mkdir -p "$root/release"
  mount --bind -o ro "$release" "$root/release"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  cp -r "$folder/pip" "$folder/inside" "$root/tmp"
  exec chroot "$root" bash /tmp/inside /release "$4" "$5"
' bash "$folder" "$release" "$tree" "$suite" "$python"
