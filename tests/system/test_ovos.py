"""The plugin of Open Voice OS, through its public base class."""

from __future__ import annotations

import importlib.util
import re
import sys
import wave
from pathlib import Path
from types import ModuleType

import pytest

from edge.errors import UnknownVoice
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon

HERE = ROOT / "contrib/ovos"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    pytest.importorskip("ovos_plugin_manager", reason="ovos-plugin-manager is missing")
    project = (HERE / "pyproject.toml").read_text()
    [(module, wanted)] = re.findall(r'"opm\.tts"\]\n\S+ = "(\w+):(\w+)"', project)
    assert wanted == "EdgeVoice"
    spec = importlib.util.spec_from_file_location(module, HERE / f"{module}.py")
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, module, loaded)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.filterwarnings("ignore")  # of the packages that it stands on
def test_open_voice_os_speaks_through_the_daemon(
    plugin: ModuleType, daemon: ThreadDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = plugin.EdgeVoice(config={"socket": str(daemon.path), "voice": "tone"})
    out = str(tmp_path / "a.wav")
    lengths = []
    for text in ("The kettle is on.", "<speak>The kettle <break time='1s'/> is on.</speak>"):
        assert engine.get_tts(engine.validate_ssml(text), out, lang="en-US") == (out, None)
        with wave.open(out) as written:
            assert written.getparams()[:3] == (1, 2, 22050)
            lengths.append(written.getnframes() / 22050)
    assert lengths[1] - lengths[0] == pytest.approx(1, abs=0.2)
    audio, _ = engine.synth("The tea is in the pot.", lang="en-US", voice="tone")
    assert Path(str(audio)).is_file()
    with pytest.raises(UnknownVoice):
        engine.get_tts("The kettle is on.", out, voice="nobody")
    monkeypatch.setenv("EDGE_VOICE_SOCKET", str(daemon.path))
    assert plugin.EdgeVoice.available_languages == {"zxx", "de-DE"}
