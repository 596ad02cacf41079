"""Make a folder of bundles that boards install from.

On the board: edge install VOICE --from DIR-or-https. Any web server, USB
stick or share serves the folder; nothing runs there. Made again, a bundle
that has not changed is not packed again. One that the index no longer names
stays until it is removed by hand, for the board that is fetching it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.commands.answers import print_json, print_table
from edge.commands.options import argument, bundles_option, json_option, option

EXAMPLE = "edge repository make /srv/voices --sign ~/.ssh/id_ed25519"


@dataclass(frozen=True)
class Options:
    action: Literal["make", "list"] = argument("make|list", "write the folder, or say what it has")
    place: str = argument("DIR", "the folder; for list also an https address")
    bundles: tuple[Path, ...] = bundles_option("make: ")
    sign: Path | None = option(None, "KEY", "make: sign the index with this private ssh key")
    json: bool = json_option()


def run(options: Options) -> int:
    from dataclasses import asdict

    from edge.bundle import open_bundle
    from edge.bundle.repository import make
    from edge.bundle.store import bundle_folders
    from edge.bundler.fetch.repository import read_index
    from edge.files import BUILT

    if options.action == "make":
        # find_bundles takes one bundle of each voice; here those for every board are wanted.
        places = options.bundles or (BUILT,)
        folders = [each for place in places for each in bundle_folders(place) or [place]]
        bundles = [open_bundle(folder, None) for folder in folders]
        index = make(Path(options.place), bundles, options.sign)
    else:
        index = read_index(options.place)
    if options.json:
        print_json(asdict(index))
        return 0
    rows = [
        (entry.voice, entry.profile, f"{entry.bytes / 1e6:.1f} MB", entry.made_by)
        for entry in sorted(index.bundles, key=lambda entry: (entry.voice, entry.profile))
    ]
    print_table(("voice", "board", "size", "packed by"), rows)
    if options.action == "make":
        print(
            f"On a board: edge install {index.voices[0]} --from {Path(options.place).absolute()}"
        )
    return 0
