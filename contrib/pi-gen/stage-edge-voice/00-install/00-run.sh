#!/bin/bash -e
# Puts the packages of files/ into the image. The service starts at the image's first boot, with the
# limits of the board that it then is on.
mkdir -p "${ROOTFS_DIR:?}/var/tmp/edge-voice"
cp files/*.deb "$ROOTFS_DIR/var/tmp/edge-voice/"
on_chroot <<END
apt-get install -y /var/tmp/edge-voice/*.deb
usermod -aG edge-voice "${FIRST_USER_NAME:-pi}"
END
rm -r "$ROOTFS_DIR/var/tmp/edge-voice"

cat >"$ROOTFS_DIR/etc/systemd/system/edge-voice-board.service" <<END
[Unit]
Description=Limits of Edge Voice for this board
ConditionPathExists=!/etc/systemd/system/edge-voice.service.d/board.conf
Before=edge-voice.service
[Service]
Type=oneshot
ExecStart=/var/lib/dpkg/info/edge-voice.postinst configure again
[Install]
WantedBy=multi-user.target
END
on_chroot <<END
systemctl enable edge-voice-board.service
END
