"""What many tests need: tone bundles, and a daemon that speaks them."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from edge import kernels
from edge.bundle import Bundle, open_bundle
from edge.bundler.pipeline import Wish, build_bundle
from edge.families import DEFAULT_VOICE
from edge.files import cache_dir
from edge.voice import voice_path
from tests.helpers import kept_pocket, official_drawn, small_kokoro
from tests.helpers.daemon_under_test import ProcessDaemon, ThreadDaemon
from tests.helpers.groups import FIRST_SERVED, REAL_TIME, arrange, make_scheduler
from tests.helpers.kept_cosyvoice3 import unpack
from tests.helpers.once import once, run_folder

# A loaded machine makes hypothesis impatient, which says nothing about the code.
settings.register_profile("edge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("release", settings.get_profile("edge"), max_examples=500)
settings.load_profile("edge")

PROFILE = "x86-64"  # any will do: nothing here runs on an execution provider

KERNEL_PATHS = {
    "x86_64": ["avx512vnni", "avxvnni", "avx512", "avx2", "sse4.1"],
    "aarch64": ["sdot", "smlal-7bit", "smlal"],
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    arrange(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    return make_scheduler(config, log)


@pytest.fixture(scope="module", autouse=True)
def _served_first(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    if request.node.nodeid.startswith(REAL_TIME):
        with contextlib.suppress(PermissionError):  # only root may
            os.setpriority(os.PRIO_PROCESS, 0, FIRST_SERVED)
    yield
    os.setpriority(os.PRIO_PROCESS, 0, before)


def build_tone(folder: Path, voice: str = "tone") -> Bundle:
    return build_bundle(Wish(voice, PROFILE), folder, folder.parent / "cache", lambda *_: None)


@pytest.fixture(scope="session")
def tone_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_tone(tmp_path_factory.mktemp("bundles") / "tone")


@pytest.fixture(scope="session")
def joe_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A real voice of the family piper."""
    return _built_once("en_US-joe-medium", tmp_path_factory)


@pytest.fixture(scope="session")
def heart_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The default voice, for real."""
    return _built_once(DEFAULT_VOICE, tmp_path_factory)


def _built_once(voice: str, factory: pytest.TempPathFactory) -> Bundle:
    def make(folder: Path) -> None:
        build_bundle(Wish(voice, PROFILE, "fp32"), folder, cache_dir(), lambda *_: None)

    return open_bundle(once(run_folder(factory) / f"{voice}.bundle", make), machine=None)


@pytest.fixture(scope="session")
def second_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Another voice, of another language."""
    folder = tmp_path_factory.mktemp("second")
    text = voice_path("tone").read_text(encoding="utf-8")
    text = text.replace("name: tone", "name: second").replace("language: zxx", "language: de_DE")
    (folder / "second.yaml").write_text(text, encoding="utf-8")
    return build_tone(folder / "second", str(folder / "second.yaml"))


def _later_tone(folder: Path, comment: str) -> Bundle:
    """The voice of tone_bundle, of another build."""
    text = voice_path("tone").read_text(encoding="utf-8")
    (folder / "tone.yaml").write_text(f"{text}# {comment}\n", encoding="utf-8")
    return build_tone(folder / "tone", str(folder / "tone.yaml"))


@pytest.fixture(scope="session")
def newer_tone(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return _later_tone(tmp_path_factory.mktemp("newer"), "newer")


@pytest.fixture(scope="session")
def third_tone(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return _later_tone(tmp_path_factory.mktemp("third"), "third")


@pytest.fixture(scope="session")
def cosyvoice3_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return unpack(tmp_path_factory.mktemp("cosyvoice3"))


@pytest.fixture(scope="session")
def drawn(cosyvoice3_bundle: Bundle) -> official_drawn.Arrays:
    """A sentence as that bundle drew it, in the voice of a clip."""
    return official_drawn.sentence(cosyvoice3_bundle)


@pytest.fixture(scope="session")
def kokoro_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Kokoro's layout with random weights, a thousandth of its size."""
    folder = tmp_path_factory.mktemp("kokoro")
    voice = str(small_kokoro.write_voice(folder / "voice"))
    return build_bundle(Wish(voice, PROFILE, "fp32"), folder / "bundle", folder, lambda *_: None)


@pytest.fixture(scope="session")
def pocket_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return kept_pocket.build("pointwise", tmp_path_factory.mktemp("pocket"))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator library, built here (8 s)."""
    if not shutil.which("cmake"):
        pytest.fail("cmake is not installed: apt-get install cmake g++ (make test does it)")
    source = Path(kernels.__file__).parent

    def make(build: Path) -> None:
        subprocess.run(["cmake", "-S", source, "-B", build], check=True, capture_output=True)
        subprocess.run(["cmake", "--build", build], check=True, capture_output=True)

    return once(run_folder(tmp_path_factory) / "kernels", make) / kernels.LIBRARY


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with 64 KiB; its tests skip where nobody may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder]
    if refused := subprocess.run(mount, capture_output=True, text=True).stderr.strip():
        pytest.skip(f"no small disk may be mounted here: {refused}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="session")
def failing_library(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same library with allocations that fail on demand (2 s)."""
    build = library.parent

    def make(marker: Path) -> None:
        command = ["cmake", "--build", build, "--target", "edge_kernels_failing"]
        subprocess.run(command, check=True, capture_output=True)
        marker.touch()

    once(run_folder(tmp_path_factory) / "kernels-failing", make)
    return build / "libedge_kernels_failing.so"


@pytest.fixture(params=["best", *KERNEL_PATHS.get(platform.machine(), []), "scalar"])
def kernel_path(
    request: pytest.FixtureRequest, library: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    name = str(request.param)
    if name == "best":
        return name
    if name not in kernels.paths(library):
        pytest.skip(f"this CPU has no {name}")
    monkeypatch.setenv("EDGE_KERNELS_PATH", name)
    return name


@pytest.fixture
def daemon(tmp_path: Path, tone_bundle: Bundle, second_bundle: Bundle) -> Iterator[ThreadDaemon]:
    running = ThreadDaemon(tmp_path / "edge.sock", [tone_bundle, second_bundle])
    yield running
    running.stop()


@pytest.fixture
def process_daemon(tmp_path: Path, tone_bundle: Bundle) -> Iterator[ProcessDaemon]:
    running = ProcessDaemon(tmp_path / "edge.sock", tone_bundle.path)
    yield running
    running.stop()


@pytest.fixture
def copied_bundle(tmp_path: Path, tone_bundle: Bundle) -> Path:
    """A bundle to damage."""
    folder = tmp_path / "copy"
    shutil.copytree(tone_bundle.path, folder)
    assert open_bundle(folder, None).manifest == tone_bundle.manifest
    return folder
