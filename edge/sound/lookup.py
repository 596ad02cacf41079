"""Looking for sound devices in a child process, so that what PortAudio leaves behind ends with it.

PortAudio 19.6 leaves 13 kB behind each time that it is made to look, and a daemon that waits for
a lost device looks every 5 s: 9 MB an hour. The child tells which devices there are; PortAudio is
made to look in this process only where the wanted one is there and not as it was.

    python -m edge.sound.lookup      # the outputs as JSON
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from edge import child
from edge.errors import NoSoundDevice
from edge.sound.devices import Device, find, known_devices, list_devices, refresh

TIMEOUT_S = 20.0
"""More than a daemon waits for an answer (device_thread.ANSWER_S), so that it is the one to say
that the device hangs. A sound server that hangs would else keep a child for each try."""


def devices_now() -> tuple[Device, ...]:
    """List the outputs that a new process sees (0.2 s); raises NoSoundDevice."""
    try:
        done = subprocess.run(
            child.command("edge.sound.lookup"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        return tuple(Device(**each) for each in json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        trouble = f"no answer within {TIMEOUT_S:.0f} s"
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip().splitlines()
        trouble = words[-1] if words else f"exit status {error.returncode}"
    except (OSError, ValueError) as error:
        trouble = str(error)
    raise NoSoundDevice(
        f"cannot look for sound devices: {trouble}",
        "See what there is with: edge doctor",
    )


def look_again(name: str | None) -> None:
    """Make sure that PortAudio knows the device called `name`, as it is now.

    Raises NoSoundDevice where a new process does not see it either; then nothing was looked for
    here.
    """
    wanted = find(name, devices_now())
    try:
        known = known_devices()
    except NoSoundDevice:  # PortAudio could not start the last time
        known = ()
    if wanted not in known:
        refresh()


def main() -> int:
    try:
        devices = list_devices()
    except NoSoundDevice as error:
        print(error.message, file=sys.stderr)
        return 1
    print(json.dumps([asdict(device) for device in devices]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
