"""One module per command, and the table of them all.

A module has EXAMPLE, a line that works; Options, a frozen dataclass whose fields are the options
(options.py); and run(options), which returns the exit status. Its docstring is what `edge COMMAND
--help` says first. It is imported when its command is typed, so what is slow to import is
imported inside run(). To add a command: its module, and its row here.
"""

from __future__ import annotations

from dataclasses import dataclass

GROUPS = {
    "speak": "Speak",
    "voices": "Make, install and exchange voices",
    "board": "Look at the board, and measure it",
    "service": "Run the service, and connect other programs to it",
}


@dataclass(frozen=True)
class Command:
    """A row of the table."""

    group: str
    """A key of GROUPS."""
    summary: str
    """One line of `edge --help`."""
    extra: str = "cpu,audio,piper"
    """Extras of the pip package that the command needs, named if one of their packages lacks."""


COMMANDS = {
    "say": Command("speak", "speak a text"),
    "prerender": Command("speak", "have announcements made before they are needed"),
    "explain": Command("speak", "show how a text is read, and why"),
    "stop": Command("speak", "stop what is being spoken, and what waits"),
    "pause": Command("speak", "hold back all but urgent speech"),
    "resume": Command("speak", "go on where pause came"),
    "volume": Command("speak", "set how loud the sound card speaks"),
    "clone": Command("speak", "make a voice that speaks like the one in a clip"),
    "unclone": Command("speak", "wipe a cloned voice"),
    "voices": Command("voices", "list the voices that can be built, with their licences"),
    "build": Command("voices", "build a voice for a board", extra="build"),
    "judge": Command("voices", "judge a bundle's variants by listening", extra="build,quality"),
    "listen": Command("voices", "make a blind listening test of bundles, for people"),
    "inspect": Command("voices", "verify a bundle and show what is in it"),
    "install": Command("voices", "install a bundle for the daemon to speak with"),
    "repository": Command("voices", "make a folder of bundles that boards install from"),
    "rollback": Command("voices", "go back to a voice's previous bundle"),
    "profiles": Command("board", "list the boards there are profiles for"),
    "bench": Command("board", "measure the speed and memory of a bundle"),
    "tune": Command("board", "find the fastest variant on this board and keep to it"),
    "calibrate-audio": Command("board", "find by listening what a sound device swallows"),
    "doctor": Command("board", "find out what is wrong with this machine"),
    "serve": Command("service", "run the daemon in the foreground"),
    "status": Command("service", "show what the daemon does"),
    "reload": Command("service", "have the daemon read its configuration and bundles again"),
    "config": Command("service", "show the configuration, and where it comes from"),
    "http": Command("service", "offer OpenAI's speech interface, and a page for your browser"),
    "mcp": Command("service", "offer speech as tools to language models", extra="mcp"),
    "speech-dispatcher-module": Command("service", "speak for speech-dispatcher"),
    "drop-in": Command("service", "print the systemd settings that depend on the board"),
}
