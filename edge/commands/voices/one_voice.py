"""All that is known of one voice: where it is from, how it sounds, and on which terms."""

from __future__ import annotations

from typing import Any

from edge import records
from edge.catalogue import Catalogue
from edge.commands.answers import print_table
from edge.commands.voices.rows import Row, open_list
from edge.licences import is_share_alike
from edge.prediction import Prediction, predict
from edge.profile import Profile, all_profiles
from edge.voice import Voice, models_dir

CARD = "https://huggingface.co"


def print_voice(row: Row) -> None:
    """Print a voice for people; a bundle that was built has the model card's words."""
    catalogue, listed = open_list(), row.listed
    voice = row.voice
    print_table((row.name, voice.title if voice else row.words), _facts(row, catalogue))
    if listed and not voice:
        told = [("licence", listed.licence or "not told by any list; the build reads its card")]
        told.append(("recordings", listed.dataset or "not told by any list"))
        if "card" in listed.files:
            told.append(("model card", catalogue.address(listed, "card", CARD)))
        if is_share_alike(listed.licence):
            told.append(("", "What is made of it, as a bundle, must have the same licence."))
        told.append(("", listed.note))
        print_table(("", ""), told)
    elif voice:
        print()
        print_terms(voice)
    predicted = _predictions(row)
    if predicted:
        print("\nPredicted, not measured; it may be wrong by a factor of two:")
        cells = [
            (
                board.name,
                f"~{guess.real_time_factor:.2g}",
                f"~{guess.memory_mb} MB",
                _fit(guess, board),
            )
            for board, guess in predicted
        ]
        print_table(("BOARD", "RTF", "MEMORY", "WITHIN THE PROFILE'S BUDGET"), cells)
    if listed and listed.scores.overall:
        print(f"\n{catalogue.credit}")
    print(f"\nBuild it: edge build {row.name}")


def print_terms(voice: Voice) -> None:
    """Print the whole statement of a described voice."""
    print(f"{voice.name}: {voice.title}\n\nLicence: {voice.licence.name}")
    if voice.licence.statement:
        print(f"{voice.licence.attribution}\n\n{voice.licence.statement.strip()}\n")
    if voice.licence.seller_note:
        print(f"If you sell it: {voice.licence.seller_note}")
    if voice.licence.terms:
        print(f"\nTo be agreed to before it is built: {' '.join(voice.licence.terms.split())}")


def as_data(row: Row) -> dict[str, Any]:
    """Return a row for programs."""
    told: dict[str, Any] = {
        "name": row.name,
        "family": row.family,
        "language": row.language,
        "languages": list(row.languages),
        "language_words": row.words,
        "quality": row.quality,
        "speakers": row.speakers,
        "bytes": row.size,
        "licence": row.voice.licence.name if row.voice else row.listed and row.listed.licence,
        "licence_class": row.judgement.terms.name,
        "licence_reason": row.judgement.reason,
        "to_sell": row.judgement.terms.duty,
        "scores": records.to_dict(row.listed.scores) if row.listed else {},
        "built": list(row.built),
        "predicted": records.to_dict(row.prediction),
    }
    if row.listed:
        told["files"] = records.to_dict(row.listed.files)
        told["credit"] = open_list().credit
    if row.voice:
        told["description"] = records.to_dict(row.voice)
    return told


def _facts(row: Row, catalogue: Catalogue) -> list[tuple[str, str]]:
    listed = row.listed
    facts = [
        ("language", f"{row.words}, {', '.join(row.languages)}"),
        ("family", f"{row.family}{', size ' + row.quality if row.quality else ''}"),
        ("speakers", str(row.speakers)),
    ]
    if row.voice:
        facts.append(("from", ", ".join(row.voice.origins) or "nowhere"))
    elif listed:
        place = catalogue.collections[listed.collection]
        at = f"{place.repository} at {place.revision[:12]}" if place.repository else "addresses"
        facts.append(("from", f"{place.title}: {at}, {row.size / 1e6:.1f} MB"))
    if listed:
        for role, file in listed.files.items():
            digest = f"sha256 {file.sha256}" if file.sha256 else f"md5 {file.md5}"
            facts.append((role, f"{file.bytes:,} bytes, {digest}"))
        marks = listed.scores
        if marks.overall:
            judged = f" (speaker {marks.speaker})" if marks.speaker else ""
            facts.append(
                (
                    "score",
                    f"{marks.overall} of 100{judged}: natural {marks.natural} (UTMOS22), clear "
                    f"{marks.clear} (Whisper)",
                )
            )
        if marks.dnsmos:
            facts.append(("score", f"DNSMOS {marks.dnsmos} of 5, measured with this project"))
    facts.append(("class", row.judgement.line))
    facts.append(("to sell it", row.judgement.terms.duty))
    facts += [("built", folder) for folder in row.built]
    return facts


def _predictions(row: Row) -> list[tuple[Profile, Prediction]]:
    model = row.listed.files["model"].bytes if row.listed else row.size
    guesses = (
        (board, predict(models_dir(), board, row.family, row.quality, model))
        for board in all_profiles()
    )
    return [(board, guess) for board, guess in guesses if guess]


def _fit(guess: Prediction, board: Profile) -> str:
    return "yes" if guess.fits(board) else "no"
