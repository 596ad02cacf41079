from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sound.server import SoundServer, private_server


@pytest.fixture
def sound_server(request: pytest.FixtureRequest) -> Iterator[SoundServer]:
    """A private sound server; its sink's rate is the fixture's parameter, else 48000 Hz."""
    with private_server(getattr(request, "param", 48000)) as server:
        yield server
