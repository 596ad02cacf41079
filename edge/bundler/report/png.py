"""Pictures of sound without an image library: palette PNGs as data URIs."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

from edge.bundler.metrics import MEL_FLOOR_DB
from edge.pcm import Samples

DIFFERENCE_DB = 20.0  # where a picture of a difference is at its brightest

# From black over violet and orange to pale yellow: even steps of lightness, so that equal steps
# of level look equal, to colour-blind eyes too.
_LEVEL_STOPS = ("#05040d", "#2b1054", "#6d1d7c", "#b5336f", "#ee6650", "#fdb06c", "#fcf4c4")
# Quieter than the reference is blue, louder orange, equal black.
_DIFFERENCE_STOPS = ("#a8e1ff", "#2f8fd8", "#123f73", "#0a0a10", "#7a3410", "#e5822c", "#ffe0a6")


def level_picture(mel: Samples) -> str:
    """A mel spectrogram in dB below its peak, (mels, frames), as a data URI; low bands below."""
    return _data_uri(1.0 + mel / MEL_FLOOR_DB, _LEVEL_STOPS)


def difference_picture(reference: Samples, test: Samples) -> str:
    """test - reference, both (mels, frames) in dB, as a data URI."""
    return _data_uri(0.5 + (test - reference) / (2.0 * DIFFERENCE_DB), _DIFFERENCE_STOPS)


def gradient(stops: tuple[str, ...]) -> str:
    return f"linear-gradient(90deg, {', '.join(stops)})"


def level_gradient() -> str:
    """The colours of `level_picture`, quiet to loud, as a CSS gradient."""
    return gradient(_LEVEL_STOPS)


def difference_gradient() -> str:
    """The colours of `difference_picture`, quieter to louder, as a CSS gradient."""
    return gradient(_DIFFERENCE_STOPS)


def encode(pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    """A PNG of palette indices (height, width) and colours (256, 3), top row first."""
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row starts with its filter: none
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _block(b"IHDR", header)
        + _block(b"PLTE", palette.tobytes())
        + _block(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + _block(b"IEND", b"")
    )


def _block(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _data_uri(unit: Samples, stops: tuple[str, ...]) -> str:
    colours = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops])
    places = np.linspace(0, 255, len(stops))
    palette = np.stack([np.interp(np.arange(256), places, channel) for channel in colours.T], 1)
    pixels = np.clip(np.rint(unit[::-1] * 255.0), 0, 255).astype(np.uint8)
    png = encode(pixels, palette.astype(np.uint8))
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
