"""List the voices that can be built, with their licences."""

from __future__ import annotations

from dataclasses import dataclass

from edge.commands.answers import print_json, print_table
from edge.commands.options import argument, json_option

EXAMPLE = "edge voices"


@dataclass(frozen=True)
class Options:
    voice: str | None = argument(
        "VOICE",
        "show the whole licence statement of this voice, or, for a Piper voice's .onnx file, the "
        "description that a build makes of it",
        None,
    )
    json: bool = json_option()


def run(options: Options) -> int:
    from edge import records
    from edge.bundler.own_voice import described, is_own
    from edge.remedies import check_can_build
    from edge.voice import all_voices, load_voice

    if options.voice and is_own(options.voice):
        check_can_build()
        print(described(options.voice, None, None)[1], end="")
        return 0
    if options.voice:
        voice = load_voice(options.voice)
        print(f"{voice.name}: {voice.title}\n\nLicence: {voice.licence.name}")
        if voice.licence.statement:
            print(f"{voice.licence.attribution}\n\n{voice.licence.statement.strip()}\n")
        if voice.licence.seller_note:
            print(f"If you sell it: {voice.licence.seller_note}")
        return 0
    every = all_voices()
    if options.json:
        print_json([records.to_dict(voice) for voice in every])
        return 0
    for voice in every:
        print_table(
            (voice.name, ""),
            [
                ("  is", f"{voice.title} ({voice.language}, {voice.family})"),
                ("  from", f"{', '.join(voice.origins) or 'nowhere'}, {voice.size / 1e6:.1f} MB"),
                ("  licence", voice.licence.name),
                ("  to sell it", " ".join(voice.licence.seller_note.split())),
            ],
        )
    print("\nThe whole statement of a licence: edge voices NAME")
    return 0
