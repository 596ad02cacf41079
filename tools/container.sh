#!/usr/bin/env bash
# A container image for one kind of board, from Debian's packages and ours, without a container engine; as root.
# `make container BOARD=rpi5` calls this; docs/install/container.md is its page.
#   tools/container.sh BOARD [VOICE]      into build/images/edge-voice-VERSION-BOARD.oci.tar
set -euo pipefail
cd "$(dirname "$0")/.."
board=${1:?a board, as x86-64 or rpi5: edge profiles lists them} voice=${2:-en_US-heart}
contrib/apt-packages needed 'making a container image' mmdebstrap qemu-user-static arch-test
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8
umask 022
version=$(.venv/bin/python -c 'from importlib.metadata import version; print(version("edge-voice"))')
work=$PWD/build/container/$board out=$PWD/build/images
image=$out/edge-voice-$version-$board.oci.tar
rm -rf "$work"
mkdir -p "$work/debs" "$out"

.venv/bin/edge build "$voice" --profile "$board" --if-needed
case $(sed -n 's/^  architecture: //p' "profiles/$board.yaml") in x86_64) arch=amd64 ;; *) arch=arm64 ;; esac
export OUT=$work/debs COMPRESSION='-Zgzip -z1'
contrib/debian/build "$arch" 3.11
contrib/debian/voice "build/bundles/$voice--$board"
family=$(dpkg-deb --field "$work"/debs/edge-voice-*-"$board"_*.deb Depends | sed -n 's/.*, edge-voice-//p')
for other in piper hibari; do [ "$other" = "$family" ] || rm -f "$work/debs/edge-voice-$other"_*; done

# A container may not see which board it is on, so it speaks with the bundle that it has.
printf 'format: 1\nany_board: true\n' >"$work/config.yaml"
# Essential packages and no apt: what is in here is exchanged whole. mmdebstrap sets $1 to the tree.
# shellcheck disable=SC2016
tools/emulated mmdebstrap --quiet --mode=root --variant=essential --architectures="$arch" \
  --include=python3.11,libportaudio2,libpulse0,libsonic0,libstdc++6,passwd,systemd-standalone-sysusers \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook='tools/pulse-plugin "$1"' \
  --customize-hook="copy-in $work/debs /var/tmp" \
  --customize-hook='chroot "$1" sh -c "dpkg --install /var/tmp/debs/*.deb"' \
  --customize-hook='rm -r "$1/var/tmp/debs" "$1/etc/resolv.conf" "$1/etc/hostname"' \
  --customize-hook="upload $work/config.yaml /etc/edge-voice/config.yaml" \
  --customize-hook='chroot "$1" install -d -o edge-voice -g edge-voice /run/edge-voice /var/lib/edge-voice' \
  --customize-hook='rm -rf "$1"/var/cache/debconf/* "$1"/var/lib/dpkg/*-old "$1"/etc/*- "$1"/var/log/*' \
  --customize-hook='chroot "$1" dpkg-query --show --showformat "\${Package} \${Version} \${Architecture}\n"'" >'$image.packages'" \
  bookworm "$work/tree.tar"
.venv/bin/python -m tools.oci_image "$work/tree.tar" "$arch" "$version" "$image"
rm -rf "$work"
stat -c '%s %n' "$image"
