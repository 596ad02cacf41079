"""Kinds of outputs by their names, and what settings are refused."""

from __future__ import annotations

import pytest

from edge.sound.settings import KINDS, Output, kind_of
from tests.helpers.pages import DOCS, table


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        # PortAudio's name of a card is ALSA's "card: device (hw:x,y)".
        (("vc4-hdmi-0: MAI PCM i2s-hifi-0 (hw:0,0)", None), "hdmi"),
        (("HDA Intel PCH: HDMI 0 (hw:0,3)", None), "hdmi"),
        (("HDA Intel PCH: ALC897 Analog (hw:0,0)", None), "built-in"),
        (("bcm2835 Headphones: - (hw:0,0)", None), "built-in"),
        (("USB Audio Device: - (hw:2,0)", None), "usb"),
        (("Jabra SPEAK 510 USB: Audio (hw:1,0)", None), "usb"),
        (("snd_rpi_hifiberry_dac: HifiBerry DAC HiFi pcm5102a-hifi-0 (hw:1,0)", None), "i2s"),
        (("seeed2micvoicec: bcm2835-i2s-wm8960-hifi wm8960-hifi-0 (hw:3,0)", None), "i2s"),
        # A sound server's sink behind ALSA's `default` or `pulse`.
        (("default", "bluez_output.AC_12_2F_00_11_22.1"), "bluetooth"),
        (("pulse", "bluez_sink.AC_12_2F_00_11_22.a2dp_sink"), "bluetooth"),
        (("pulse", "alsa_output.usb-Generic_USB_Audio-00.analog-stereo"), "usb"),
        (("pulse", "alsa_output.platform-fef00700.hdmi.hdmi-stereo"), "hdmi"),
        (("pulse", "alsa_output.pci-0000_00_1f.3.analog-stereo"), "built-in"),
        (("default", "alsa_output.platform-bcm2835_audio.stereo-fallback"), "built-in"),
        (("default", None), None),
        (("pulse", "auto_null"), None),
    ],
)
def test_a_device_s_kind_is_known_by_its_names(
    names: tuple[str, str | None], kind: str | None
) -> None:
    found = kind_of(*names)
    assert (found and found.name) == kind


def test_the_page_shows_the_presets() -> None:
    rows = {row[0].strip("`"): row[1] for row in table(DOCS / "use/sound.md", "Kind")}
    assert rows == {kind.name: str(kind.wake_ms) for kind in KINDS}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_loss": "fallback"}, "needs the name of a fallback"),
        ({"on_loss": "hope"}, "on_loss must be wait or fallback, got 'hope'"),
        ({"wait_s": -1.0}, "wait_s must be between 0 and 600, got -1"),
        ({"wake_ms": 20_000.0}, "wake_ms must be between 0 and 10000, got 20000"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Output(**options)  # type: ignore[arg-type]
