#!/usr/bin/env bash
# An image to write to an SD card, which boots and speaks without a network: Debian's own kernel and packages for
# arm64, ours, and heart; as root. `make image BOARD=rpi3` calls this; docs/install/card.md is its page.
#   tools/card.sh BOARD [VOICE]      into build/images/edge-voice-VERSION-BOARD.img.xz
set -euo pipefail
cd "$(dirname "$0")/.."
board=${1:?a board: rpi3, rpi-zero2w or rpi4} voice=${2:-en_US-heart}
case $board in
  rpi3 | rpi-zero2w | rpi4) ;;
  *) echo "no card for $board: Debian 12's kernel and firmware start a Raspberry Pi 3, Zero 2 W and 4 (docs/install/card.md)" >&2; exit 2 ;;
esac
contrib/apt-packages needed 'making an image for a card' mmdebstrap qemu-user-static arch-test squashfs-tools e2fsprogs \
  dosfstools mtools fdisk xz-utils
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022
version=$(.venv/bin/python -c 'from importlib.metadata import version; print(version("edge-voice"))')
work=$PWD/build/card/$board out=$PWD/build/images name=edge-voice-$version-$board
tree=$work/tree here=/usr/lib/edge-voice-card
rm -rf --one-file-system "$work"
mkdir -p "$work"/{debs,fat} "$out"

.venv/bin/edge build "$voice" --profile "$board" --if-needed
export OUT=$work/debs COMPRESSION='-Zgzip -z1'
contrib/debian/build arm64 3.11
contrib/debian/voice "build/bundles/$voice--$board"
family=$(dpkg-deb --field "$work"/debs/edge-voice-*-"$board"_*.deb Depends | sed -n 's/.*, edge-voice-//p')
for other in piper hibari; do [ "$other" = "$family" ] || rm -f "$work/debs/edge-voice-$other"_*; done
.venv/bin/edge drop-in --profile "$board" >"$work/board.conf"

# No apt: a card is exchanged whole. `most` is what Debian's own images for these boards have; the list, what finds
# the card and reads the root. mmdebstrap sets $1 to the tree.
# shellcheck disable=SC2016
tools/emulated mmdebstrap --quiet --mode=root --variant=essential --architectures=arm64 \
  --components=main,non-free-firmware \
  --include=linux-image-arm64,raspi-firmware,initramfs-tools,systemd-sysv,udev,kmod,dbus,fdisk,e2fsprogs,dosfstools \
  --include=python3.11,libportaudio2,libsonic0,libstdc++6,passwd,alsa-utils,openssh-server \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/lib/modules/*/kernel/drivers/gpu/drm/amd/*' \
  --dpkgopt='path-exclude=/lib/modules/*/kernel/drivers/infiniband/*' \
  --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d"' \
  --essential-hook='printf "bcm2835\nsdhci_iproc\nbcm2835_dma\nmmc_block\nsquashfs\n" >"$1/etc/initramfs-tools/modules"' \
  --customize-hook="copy-in $work/debs /var/tmp" \
  --customize-hook='chroot "$1" sh -c "dpkg --install /var/tmp/debs/*.deb"' \
  --customize-hook='rm -r "$1/var/tmp/debs" "$1/etc/resolv.conf"' \
  --customize-hook='chroot "$1" dpkg-query --show --showformat "\${Package} \${Version} \${Architecture}\n"'" >'$out/$name.img.xz.packages'" \
  --customize-hook='chroot "$1" /etc/kernel/postinst.d/z50-raspi-firmware' \
  bookworm "$tree"

install -Dm755 -t "$tree$here" contrib/card/{grow,ready,settings,settings.py}
units=$tree/etc/systemd/system
install -Dm644 -t "$units" contrib/card/units/*.service
install -Dm644 "$work/board.conf" "$units/edge-voice.service.d/board.conf"
install -Dm644 contrib/card/units/with-a-key.conf "$units/systemd-networkd.service.d/with-a-key.conf"
install -Dm644 contrib/card/units/with-a-key.conf "$units/ssh.service.d/with-a-key.conf"
install -Dm644 contrib/card/units/ssh.conf "$units/ssh.service.d/host-key.conf"
install -Dm644 contrib/card/units/sshd.conf "$tree/etc/ssh/sshd_config.d/edge-voice.conf"
install -Dm644 contrib/card/units/wired.network "$tree/etc/systemd/network/80-wired.network"
install -Dm644 <(printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n') "$tree/etc/systemd/journald.conf.d/card.conf"
install -m644 contrib/card/units/fstab "$tree/etc/fstab"
mkdir -p "$tree/state" "$tree"/var/{lib,cache}/edge-voice
echo edge-voice >"$tree/etc/hostname"
: >"$tree/etc/machine-id"
# ssh has a script for SysV too, so systemctl runs a program of the tree.
tools/emulated systemctl --quiet --root="$tree" enable edge-voice-grow edge-voice-card edge-voice-ready systemd-networkd ssh
systemctl --quiet --root="$tree" mask systemd-firstboot.service systemd-machine-id-commit.service \
  systemd-networkd-wait-online.service e2scrub_reap.service e2scrub_all.timer
rm -rf "$tree"/etc/ssh/ssh_host_* "$tree"/var/cache/{debconf,ldconfig}/* "$tree"/var/log/* "$tree"/var/lib/dpkg/*-old "$tree"/etc/*-

# What the board's firmware reads. The kernel and its initrd are there alone.
mv "$tree"/boot/firmware/* "$work/fat"
rm -f "$tree"/boot/{vmlinuz,initrd.img}*
case $board in rpi4) dtb=bcm2711 ;; *) dtb=bcm2837 ;; esac
find "$work/fat" -name '*.dtb' -not -name "$dtb*" -delete
echo "console=tty0 console=ttyS1,115200 root=PARTUUID=ed9e0001-02 rootfstype=squashfs ro rootwait net.ifnames=0" >"$work/fat/cmdline.txt"
cp contrib/card/edge-voice.yaml "$work/fat"
find "$work/fat" "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

fat=$work/fat.img root=$work/root.img state=$work/state.img
mkfs.vfat --invariant -C -F 32 -n EDGEVOICE "$fat" $((192 << 10)) >/dev/null
(cd "$work/fat" && mcopy -smpi "$fat" ./* ::)
mksquashfs "$tree" "$root" -quiet -no-progress -comp zstd -Xcompression-level 15 -noappend
truncate --size=%1M "$root"
# Power may go at any moment: metadata in order, and what is written reaches the card within seconds.
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
mke2fs -q -t ext4 -b 4096 -L edge-state -U ed9e0000-0000-4000-8000-000000000003 \
  -E hash_seed=ed9e0000-0000-4000-8000-000000000004,resize=67108864 "$state" 64M
printf 'mkdir %s\n' etc lib cache systemd ssh | debugfs -w -f - "$state" >/dev/null 2>&1
at=8192 image=$work/$name.img
: >"$work/table"
for part in "$fat:c" "$root:83" "$state:83"; do
  size=$(($(stat -c %s "${part%:*}") / 512))
  echo "start=$at, size=$size, type=${part#*:}" >>"$work/table"
  dd if="${part%:*}" of="$image" bs=1M seek=$((at / 2048)) conv=notrunc,sparse status=none
  at=$((at + size))
done
truncate --size=$((at * 512)) "$image"
{ printf 'label: dos\nlabel-id: 0xed9e0001\n'; cat "$work/table"; } | sfdisk --quiet --no-reread "$image"
xz -T2 -6 --keep --stdout "$image" >"$work/image.part"
mv "$work/image.part" "$out/$name.img.xz"
stat -c '%s %n' "$image" "$root" "$out/$name.img.xz"
