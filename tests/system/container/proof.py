r"""A container image runs as its page says, on crun without a container engine; as root.

    EDGE_IMAGE=build/images/edge-voice-0.1.0-x86-64.oci.tar \
      python -m pytest tests/system/container/proof.py

umoci makes the runtime's configuration of the image's own; only what `podman run --read-only
--network none` would change is changed. crun wants cgroups of the second version, so it gets a
mount namespace with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.fakes import DEADLINE_S
from tests.sound.server import SoundServer, private_server

IMAGE = Path(os.environ["EDGE_IMAGE"])
NAME = f"edge-voice-proof-{os.getpid()}"
PULSE = "/run/pulse/native"
HEALTH_S = 120
IN_CGROUPS = 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"'


def in_cgroups(*command: str | Path) -> list[str]:
    inside = ["bash", "-euc", IN_CGROUPS, "bash", "crun", "--cgroup-manager=disabled"]
    return ["unshare", "--mount", *inside, *map(str, command)]


class Container:
    """A running image; `bundle` is its unpacked tree and the runtime's configuration."""

    def __init__(self, bundle: Path, config: dict[str, Any]) -> None:
        self.config = config
        command = in_cgroups("run", "--bundle", bundle, NAME)
        self.log = (bundle / "log").open("w+b")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        user = self.config["process"]["user"]  # as engines run a health check and `exec`
        words = in_cgroups("exec", "--user", f"{user['uid']}:{user['gid']}", NAME, *command)
        return subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE_S)

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def stop(self) -> int:
        subprocess.run(in_cgroups("kill", NAME, "TERM"), check=False)
        return self.process.wait(DEADLINE_S)


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    with private_server(48_000) as server:
        server.folder.chmod(0o755)
        yield server


@pytest.fixture(scope="module")
def container(
    server: SoundServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("container")
    with tarfile.open(IMAGE) as archive:
        archive.extractall(folder / "layout", filter="data")
    index = json.loads((folder / "layout/index.json").read_text())
    tag = index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
    bundle = folder / "bundle"
    subprocess.run(
        ["umoci", "unpack", "--image", f"{folder / 'layout'}:{tag}", bundle],
        check=True,
        capture_output=True,
    )
    path = bundle / "config.json"
    config = json.loads(path.read_text())
    process = config["process"]
    assert process["user"]["uid"] != 0
    process |= {"terminal": False, "noNewPrivileges": True, "capabilities": {}}
    process["env"].append(f"PULSE_SERVER=unix:{PULSE}")
    config["root"]["readonly"] = True
    own = [f"uid={process['user']['uid']}", "mode=0700", "nosuid", "nodev"]
    config["mounts"] = [
        mount
        for mount in config["mounts"]
        if mount["destination"] not in ("/run/edge-voice", "/var/lib/edge-voice", "/sys/fs/cgroup")
        and not mount["destination"].startswith("/etc/")
    ]
    for place in ("/run/edge-voice", "/var/lib/edge-voice"):
        config["mounts"].append(
            {"destination": place, "type": "tmpfs", "source": "tmpfs", "options": own}
        )
    native = server.folder / "native"
    config["mounts"].append(
        {"destination": PULSE, "type": "bind", "source": str(native), "options": ["bind"]}
    )
    (bundle / "rootfs/run/pulse").mkdir()  # an engine makes the place of a mount itself
    (bundle / "rootfs/run/pulse/native").touch()
    path.write_text(json.dumps(config))
    running = Container(bundle, config)
    deadline = time.monotonic() + HEALTH_S
    while running.run("/usr/bin/edge", "status").returncode:
        assert running.process.poll() is None, running.said()
        assert time.monotonic() < deadline, running.said()
        time.sleep(1)
    yield running
    if running.process.poll() is None:
        running.stop()
    running.log.close()


def test_it_is_not_root_and_writes_nowhere_but_its_volumes(container: Container) -> None:
    who = container.run("/bin/sh", "-c", "id -u; grep -E 'CapEff|NoNewPrivs' /proc/1/status")
    assert who.stdout.split()[0] == str(container.config["process"]["user"]["uid"]) != "0"
    assert "CapEff:\t0000000000000000" in who.stdout and "NoNewPrivs:\t1" in who.stdout
    done = container.run("/bin/sh", "-c", "touch /usr/x /etc/x /opt/edge-voice/x")
    assert done.stderr.count("Read-only file system") == 3


def test_it_sees_no_network(container: Container) -> None:
    done = container.run("/bin/sh", "-c", "cut -d: -f1 /proc/net/dev | tail -n +3")
    assert done.stdout.split() == ["lo"]


def test_the_health_check_is_the_images_own(container: Container) -> None:
    with tarfile.open(IMAGE) as archive:
        blobs = [archive.extractfile(member) for member in archive if member.size < 20_000]
        texts = [blob.read() for blob in blobs if blob is not None]
    [check] = [
        json.loads(text)["config"]["Healthcheck"]["Test"]
        for text in texts
        if b"Healthcheck" in text
    ]
    assert check[0] == "CMD"
    healthy = container.run(*check[1:])
    assert healthy.returncode == 0 and "en_US-heart" in healthy.stdout


def test_it_is_heard_through_the_sound_servers_socket(
    container: Container, server: SoundServer
) -> None:
    with server.capture() as capture:
        done = container.run("/usr/bin/edge", "say", "The kettle is on.")
        assert done.returncode == 0, done.stderr
        loud = np.flatnonzero(np.abs(capture.samples().astype(np.int32)) > 300)
    assert loud.size and (loud[-1] - loud[0]) / server.rate > 0.5


def test_a_stop_ends_it_at_once(container: Container) -> None:
    assert container.stop() == 0, container.said()
