"""One build, from two descriptions to a bundle: fetch -> export -> gain -> pack."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from edge import __version__, synth
from edge.build.export import EXPORTERS
from edge.build.export.export_log import ExportLog
from edge.build.export.record import Exported
from edge.build.fetch import fetch
from edge.build.gain import measure_gain
from edge.build.progress import Report
from edge.bundle import (
    FORMAT,
    PROFILE,
    VOICE,
    Bundle,
    FileEntry,
    Manifest,
    open_bundle,
    seal,
    writing,
)
from edge.profile import Profile, load_profile, profiles_dir
from edge.voice import Voice, load_voice, voice_path

TOOLS = ("onnx", "onnxruntime", "onnxconverter-common", "numpy")


def build_bundle(
    voice_name: str, profile_name: str, destination: Path, cache: Path, report: Report
) -> Bundle:
    """Build a voice (a name in models/, or a YAML file) for a board (likewise) into a folder.

    The folder appears whole or not at all. Raises what fetching, exporting and packing raise.
    """
    voice, profile = load_voice(voice_name), load_profile(profile_name)
    files = fetch(voice, cache, lambda name, held, size: report(f"fetch {name}", held, size))
    with writing(destination) as folder:
        shutil.copyfile(voice_path(voice_name), folder / VOICE)
        shutil.copyfile(profile_path(profile_name), folder / PROFILE)
        report("export", 0, 0)
        exported = EXPORTERS[voice.family](files, folder, ExportLog())
        _describe(folder, voice, profile, exported, gain=1.0)
        report("measure loudness", 0, 0)
        gain = measure_gain(synth.load(open_bundle(folder, machine=None)), voice.language)
        report("pack", 0, 0)
        _describe(folder, voice, profile, exported, gain)
    return open_bundle(destination, machine=None)


def profile_path(name: str) -> Path:
    """The file that load_profile(name) reads."""
    return Path(name) if name.endswith(".yaml") else profiles_dir() / f"{name}.yaml"


def _describe(
    folder: Path, voice: Voice, profile: Profile, exported: Exported, gain: float
) -> None:
    def manifest(files: Mapping[str, FileEntry]) -> Manifest:
        return Manifest(
            format=FORMAT,
            voice=voice.name,
            profile=profile.name,
            family=voice.family,
            language=voice.language,
            rate=exported.rate,
            gain=gain,
            variants=exported.variants,
            files=files,
            tools={
                "edge-voice": __version__,
                "python": platform.python_version(),
                **{name: version(name) for name in TOOLS},
            },
        )

    seal(folder, manifest)
