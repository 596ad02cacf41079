"""Home Assistant itself adds the daemon, lists its voices and streams a text from it.

It wants a Python of its own, as Home Assistant needs a newer one than boards have, and a daemon
whose socket is bridged to TCP:

    python3.13 -m venv ha && ha/bin/pip install pytest-homeassistant-custom-component wyoming
    edge serve & socat TCP-LISTEN:10299,bind=127.0.0.1,fork UNIX-CONNECT:$XDG_RUNTIME_DIR/edge-voice.sock &
    EDGE_PORT=10299 ha/bin/python -m pytest -p no:cacheprovider tests/system/home_assistant/proof.py
"""  # noqa: E501

from __future__ import annotations

import io
import os
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.components import tts
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component

PORT = int(os.environ["EDGE_PORT"])
PIECES = ["The kettle ", "is on. ", "Tea comes ", "in a minute."]

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def entity(hass: HomeAssistant, socket_enabled: None) -> tts.TextToSpeechEntity:
    """Add the daemon as a person does: the address typed into Home Assistant's own form."""
    assert await async_setup_component(hass, "homeassistant", {})
    flow = hass.config_entries.flow
    form = await flow.async_init("wyoming", context={"source": SOURCE_USER})
    assert form["type"] is FlowResultType.FORM
    made = await flow.async_configure(form["flow_id"], {"host": "127.0.0.1", "port": PORT})
    assert made["type"] is FlowResultType.CREATE_ENTRY, made
    await hass.async_block_till_done()
    [state] = hass.states.async_all("tts")
    found = hass.data["tts"].get_entity(state.entity_id)
    assert isinstance(found, tts.TextToSpeechEntity)
    return found


async def test_it_lists_the_voices(entity: tts.TextToSpeechEntity) -> None:
    voices = [
        voice.voice_id
        for language in entity.supported_languages
        for voice in entity.async_get_supported_voices(language) or []
    ]
    assert "en_US-heart" in voices


async def test_it_streams_a_text_that_comes_in_pieces(
    hass: HomeAssistant, entity: tts.TextToSpeechEntity
) -> None:
    assert entity.async_supports_streaming_input()

    async def pieces() -> AsyncIterator[str]:
        for piece in PIECES:
            yield piece

    voice: dict[str, Any] = {"voice": "en_US-heart", tts.ATTR_PREFERRED_FORMAT: "wav"}
    stream = tts.async_create_stream(hass, entity.entity_id, options=voice)
    stream.async_set_message_stream(pieces())
    sound = b"".join([chunk async for chunk in stream.async_stream_result()])
    rate, samples = heard(sound)
    assert len(samples) / 2 / rate > 2 and len(set(samples)) > 100


async def test_it_speaks_a_whole_text(entity: tts.TextToSpeechEntity) -> None:
    kind, sound = await entity.async_get_tts_audio("The kettle is on.", "en-US", {})
    assert kind == "wav" and sound is not None
    rate, samples = heard(sound)
    assert len(samples) / 2 / rate > 0.5 and len(set(samples)) > 100


def heard(sound: bytes) -> tuple[int, bytes]:
    """Read a WAV whose header, where it was streamed, does not know its length."""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), file.readframes(file.getnframes()) or sound[44:]
