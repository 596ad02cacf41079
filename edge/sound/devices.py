"""Which sound devices there are, through PortAudio: listing them, finding one by its name.

PortAudio (19.6, all that Debian has) looks for devices once, when it is initialised; `refresh`
makes it look again. It opens listed devices only, so an ALSA address such as
`plughw:CARD=Device,DEV=0` is mapped to the listed card of that stable id. PortAudio opens that
card raw; what `plug` would do (rate, channels) the sink does, and better.
"""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge.errors import MissingPackage, NoSoundDevice

# Pa_Initialize, Pa_Terminate and Pa_OpenStream are not safe against each other.
PORTAUDIO = threading.RLock()

_TRY_ANOTHER = (-9997, -9998)  # paInvalidSampleRate, paInvalidChannelCount
_BUSY = -9985  # paDeviceUnavailable: ALSA said EBUSY
_MOST_CARD_CHANNELS = 8  # 7.1; a mixer says 32 (pulse), 64 (pipewire) or 128 (plug)
_ASOUND = Path("/proc/asound")
_ALSA_CARD = re.compile(r"(?:(?:plug)?hw:)?CARD=(?P<card>[^,]+)(?:,DEV=(?P<device>\d+))?", re.I)
_ALSA_PLACE = re.compile(r"\s*\((?P<place>hw:\d+,\d+)\)$")


@dataclass(frozen=True)
class Device:
    """One output of the machine, or one input.

    `rate` in Hz and `channels` (the most it takes) are PortAudio's words. They mean something for
    a raw card (`place` is ALSA's hw:card,device); a server's device says 44100 and 32 whatever
    the card behind it does.
    """

    name: str
    rate: int
    channels: int
    default: bool
    index: int  # PortAudio's, until the next refresh

    @property
    def place(self) -> str | None:
        found = _ALSA_PLACE.search(self.name)
        return found["place"] if found else None


def sounddevice() -> Any:
    """Import the sounddevice module, at first use; raises MissingPackage naming what lacks."""
    try:
        import sounddevice
    except ImportError:
        raise MissingPackage(
            "the Python package sounddevice is not installed",
            "In the clone of Edge Voice: pip install '.[audio]'",
        ) from None
    except OSError as error:
        raise MissingPackage(str(error), "sudo apt install libportaudio2") from None
    return sounddevice


def refresh() -> None:
    """Make PortAudio look for devices again (70-110 ms); raises NoSoundDevice, MissingPackage.

    PortAudio counts its users and each open sink is one, so while a stream is open nothing
    happens: the list stays as it was and the stream goes on.
    """
    sd = sounddevice()
    with PORTAUDIO:
        try:
            if sd._initialized:  # 0 when PortAudio could not start the last time
                sd._terminate()
            sd._initialize()
        except sd.PortAudioError as error:
            raise lost(error) from None


def list_devices() -> tuple[Device, ...]:
    """List the outputs that are there now, in PortAudio's order.

    Raises NoSoundDevice, MissingPackage.
    """
    refresh()
    return known_devices()


def known_devices(direction: Literal["output", "input"] = "output") -> tuple[Device, ...]:
    """List the outputs, or inputs, there were at the last refresh, or at first use."""
    sd = sounddevice()
    with PORTAUDIO:
        try:
            entries = sd.query_devices()
            output = direction == "output"
            usual = (
                sd._lib.Pa_GetDefaultOutputDevice()
                if output
                else sd._lib.Pa_GetDefaultInputDevice()
            )
        except sd.PortAudioError as error:
            raise lost(error) from None
    return tuple(
        Device(
            name=entry["name"],
            rate=round(entry["default_samplerate"]),
            channels=entry[f"max_{direction}_channels"],
            default=entry["index"] == usual,
            index=entry["index"],
        )
        for entry in entries
        if entry[f"max_{direction}_channels"] > 0
    )


def find(name: str | None, devices: tuple[Device, ...], asound: Path = _ASOUND) -> Device:
    """Find the device called `name`; None is the machine's default. Raises NoSoundDevice.

    A name is the whole of PortAudio's name or a part that only one device has, in any case; or
    an ALSA address by card id ([plug]hw:CARD=id[,DEV=n]), which stays the same when cards are
    plugged in another order. Numbers are not names: they change.
    """
    if not devices:
        raise NoSoundDevice(
            "this machine has no sound device",
            "Plug one in, or start its sound server. For a service: sudo usermod -aG audio USER. "
            "Check with: aplay -l",
        )
    if name is None:
        return next((device for device in devices if device.default), devices[0])
    if alsa := _ALSA_CARD.fullmatch(name.strip()):
        fitting = _at_card(alsa["card"], int(alsa["device"] or 0), devices, asound)
    else:
        wanted = name.strip().casefold()
        plain = {device: _ALSA_PLACE.sub("", device.name).casefold() for device in devices}
        fitting = [device for device in devices if plain[device] == wanted] or [
            device for device in devices if wanted and wanted in plain[device]
        ]
    if len(fitting) == 1:
        return fitting[0]
    trouble = "fits several sound devices" if fitting else "is not a sound device here"
    names = "; ".join(device.name for device in fitting or devices)
    raise NoSoundDevice(
        f"{name!r} {trouble}: {names}",
        "Give the name of one of them, or ALSA's card id from `aplay -L`: hw:CARD=id,DEV=0",
    )


def open_output(device: Device, rates: Sequence[int], block_s: float, latency_s: float) -> Any:
    """Open a RawOutputStream of int16 at the first of `rates` (Hz) that the device runs at.

    Two channels on a card, because most cards take no mono; one on a mixer, which widens by
    itself. Raises NoSoundDevice. Until `close_stream` the stream counts as a user of PortAudio,
    so that no refresh pulls it away.
    """
    sd = sounddevice()
    widths = [1] if device.channels > _MOST_CARD_CHANNELS else [2, device.channels, 1]
    asked = [
        (rate, channels)
        for rate in dict.fromkeys(rates)
        for channels in dict.fromkeys(widths)
        if channels <= device.channels
    ]
    with PORTAUDIO:
        sd._initialize()
    try:
        # Not with PORTAUDIO held: a sound server that hangs here must not hold up other devices.
        return _open_first(device, asked, block_s, latency_s)
    except BaseException:
        with PORTAUDIO:
            sd._terminate()
        raise


def _open_first(
    device: Device, asked: Sequence[tuple[int, int]], block_s: float, latency_s: float
) -> Any:
    sd = sounddevice()
    for attempt, (rate, channels) in enumerate(asked, 1):
        try:
            return sd.RawOutputStream(
                samplerate=rate,
                blocksize=round(block_s * rate),
                device=device.index,
                channels=channels,
                dtype="int16",
                latency=latency_s,
            )
        except sd.PortAudioError as error:
            if error.args[1:2] and error.args[1] in _TRY_ANOTHER and attempt < len(asked):
                continue
            raise lost(error, device) from None
    raise AssertionError("no rate was asked for")


def open_input(device: Device, rate: int) -> Any:
    """Open a RawInputStream of int16 at `rate` Hz, of one channel or two. Raises NoSoundDevice."""
    sd = sounddevice()
    with PORTAUDIO:
        sd._initialize()
    for channels in (1, 2):
        try:
            return sd.RawInputStream(
                samplerate=rate, device=device.index, channels=channels, dtype="int16"
            )
        except sd.PortAudioError as error:
            failure = error
    with PORTAUDIO:
        sd._terminate()
    raise lost(failure, device)


def close_stream(stream: Any) -> None:
    """Undo `open_output` or `open_input`; one whose device has gone can be closed as well."""
    stream.close()
    with PORTAUDIO:
        sounddevice()._terminate()


def leave_open() -> None:
    """Do not close devices at the end of the process: one of them hangs."""
    atexit.unregister(sounddevice()._exit_handler)


def lost(error: Exception, device: Device | None = None) -> NoSoundDevice:
    """Put PortAudio's error in our words, to be raised."""
    words = str(error.args[0]) if error.args else repr(error)
    if len(error.args) > 2:  # (message, code, (host API, its code, its words))
        words += f": {error.args[2][2]}"
    if device is not None and error.args[1:2] == (_BUSY,):
        holder = holder_of(device)
        return NoSoundDevice(
            f"{device.name} is busy: {holder or 'another program'} holds it",
            "End that program, or let both play: edge serve --device default. "
            "Or name another device for such times: edge serve --fallback-device NAME",
        )
    return NoSoundDevice(
        f"the sound device cannot be used: {words}",
        "See what there is with: edge doctor. Is another program holding the card?",
    )


def holder_of(device: Device, asound: Path = _ASOUND, proc: Path = Path("/proc")) -> str | None:
    """Name the program that has opened this card, if we may know: `pulseaudio (process 812)`."""
    if (place := _ALSA_PLACE.search(device.name)) is None:
        return None
    card, number = place["place"].removeprefix("hw:").split(",")
    for status in sorted(asound.glob(f"card{card}/pcm{number}p/sub*/status")):
        if found := re.search(r"^owner_pid\s*:\s*(\d+)", status.read_text(), re.MULTILINE):
            try:
                name = (proc / found[1] / "comm").read_text().strip()
            except OSError:
                name = "a program"
            return f"{name} (process {found[1]})"
    return None


def _at_card(card: str, number: int, devices: tuple[Device, ...], asound: Path) -> list[Device]:
    try:
        index = (asound / card).resolve(strict=True).name.removeprefix("card")
    except OSError:
        return []
    return [device for device in devices if device.place == f"hw:{index},{number}"]
