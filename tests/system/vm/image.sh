#!/usr/bin/env bash
# A Debian 12 disk for arm64 with systemd, Debian's own kernel and what edge-voice depends on, but not
# edge-voice; apt knows what more there is, as on a board that had a network once: FOLDER/{disk.img,vmlinuz,initrd}. Needs root, and a network; made once, then kept.
#   tests/system/vm/image.sh FOLDER
set -euo pipefail
folder=$1
[ -e "$folder/disk.img" ] && exit
mkdir -p "$folder"
cd "$(dirname "$0")"

tree=$folder/tree
rm -rf "$tree"
# Drivers of this one machine are enough to find its disk. mmdebstrap sets $1 to the tree.
# shellcheck disable=SC2016
../../../tools/emulated mmdebstrap --quiet --mode=root --variant=minbase --architectures=arm64 \
  --skip=cleanup/apt/lists \
  --include=linux-image-arm64,initramfs-tools,systemd-sysv,dbus,udev,kmod,python3,libportaudio2,passwd \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d"' \
  --essential-hook='echo MODULES=list >"$1/etc/initramfs-tools/conf.d/here"' \
  --essential-hook='printf "virtio_pci\nvirtio_blk\next4\n" >"$1/etc/initramfs-tools/modules"' \
  --customize-hook='upload try.service /etc/systemd/system/try.service' \
  --customize-hook='ln -s ../try.service "$1/etc/systemd/system/multi-user.target.wants/try.service"' \
  --customize-hook='echo edge-try >"$1/etc/hostname"' \
  --customize-hook='useradd --root "$1" --create-home visitor' \
  bookworm "$tree"
cp "$tree"/boot/vmlinuz-* "$folder/vmlinuz"
cp "$tree"/boot/initrd.img-* "$folder/initrd"
mke2fs -q -t ext4 -d "$tree" "$folder/disk.part" 3G
rm -rf "$tree"
mv "$folder/disk.part" "$folder/disk.img"
