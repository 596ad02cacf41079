#!/bin/bash -e
# Puts the packages of files/ into the image. The service starts at the image's first boot.
mkdir -p "${ROOTFS_DIR:?}/var/tmp/edge-voice"
cp files/*.deb "$ROOTFS_DIR/var/tmp/edge-voice/"
on_chroot <<END
apt-get install -y /var/tmp/edge-voice/*.deb
usermod -aG edge-voice "${FIRST_USER_NAME:-pi}"
END
rm -r "$ROOTFS_DIR/var/tmp/edge-voice"
