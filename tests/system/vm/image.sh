#!/usr/bin/env bash
# A Debian 12 disk for arm64 with systemd, Debian's own kernel and what edge-voice depends on, but not
# edge-voice; apt knows what more there is, as on a board that had a network once: FOLDER/{disk.img,vmlinuz,initrd}. Needs root, and a network; made once, then kept.
#   tests/system/vm/image.sh FOLDER
set -euo pipefail
folder=$1
[ -e "$folder/disk.img" ] && exit
mkdir -p "$folder"
cd "$(dirname "$0")"

# Programs of the tree run while it is made. The registration goes away again if it is ours.
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
if [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
  elf='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":qemu-aarch64:M::$elf:$mask:/usr/bin/qemu-aarch64-static:F" >/proc/sys/fs/binfmt_misc/register
  trap 'echo -1 >/proc/sys/fs/binfmt_misc/qemu-aarch64' EXIT
fi

tree=$folder/tree
rm -rf "$tree"
# Drivers of this one machine are enough to find its disk. mmdebstrap sets $1 to the tree.
# shellcheck disable=SC2016
mmdebstrap --quiet --mode=root --variant=minbase --architectures=arm64 \
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
