"""The voices that can be built, as rows: chosen, put in order and laid out for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.bundle import VOICE
from edge.bundle.store import bundle_folders, places_to_examine
from edge.catalogue import CATALOGUE, Catalogue, ListedVoice, load_catalogue
from edge.commands.answers import print_table
from edge.detection import detect
from edge.errors import EdgeError, UnknownProfile
from edge.licences import SELL, Judgement, read_card
from edge.machine import read_machine
from edge.prediction import Prediction, predict
from edge.profile import Profile, all_profiles, load_profile
from edge.voice import Voice, all_voices, load_voice, models_dir

if TYPE_CHECKING:
    from edge.commands.voices import Options


@dataclass(frozen=True)
class Row:
    """A voice that can be built: described in models/, listed in the catalogue, or both."""

    name: str
    family: str
    language: str
    """BCP 47 with underscores."""
    languages: tuple[str, ...]
    """Every language that it speaks, its own first."""
    words: str
    """The language in words; of several, how many."""
    quality: str
    speakers: int
    size: int
    """Bytes to be fetched; 0 if nobody told."""
    judgement: Judgement
    listed: ListedVoice | None
    voice: Voice | None
    """The description in models/, or else in a bundle that is here."""
    built: tuple[str, ...]
    """Folders of its bundles."""
    prediction: Prediction | None = None
    """For the board that is asked about."""

    @property
    def score(self) -> str:
        marks = self.listed.scores if self.listed else None
        if marks and marks.overall:
            return f"{marks.overall:.0f}"
        return f"D {marks.dnsmos:.2f}" if marks and marks.dnsmos else "-"


def open_list() -> Catalogue:
    return load_catalogue(models_dir() / CATALOGUE)


def find_row(name: str) -> Row | None:
    """Find a voice by its name; None if there is none."""
    catalogue, described, built = open_list(), _described(), _built()
    listed = catalogue.find(name)
    name = listed.name if listed else name
    if listed is None and name not in described and name not in built:
        return None
    return _row(catalogue, name, described, built)


def every_row(options: Options) -> tuple[list[Row], int, Profile | None]:
    """Return the rows that fit what was typed, best first within a language, the number of those
    that are left out for the board, and the board that is predicted for."""
    catalogue, described, built = open_list(), _described(), _built()
    board = load_profile(options.board) if options.board else _this_board()
    rows, slow = [], 0
    for name in {*catalogue.names, *described, *built}:
        row = _row(catalogue, name, described, built, board)
        if not _is_wanted(row, catalogue, options):
            continue
        if options.board and board and not (row.prediction and row.prediction.fits(board)):
            slow += 1
            continue
        rows.append(row)
    rows.sort(key=_best_first)
    return rows, slow, board


def print_rows(rows: list[Row], slow: int, board: Profile | None) -> None:
    """Print the table, and what must be known to read it."""
    if not rows:
        print("No voice is left. Leave out a filter, or type `edge voices` for all of them.")
    else:
        head = ("NAME", "LANGUAGE", "SPEAKERS", "SCORE", "LICENCE", "SIZE", "RTF", "MEMORY")
        print_table(head, [_cells(row) for row in rows])
        print()
    for line in _notes(rows, slow, board):
        print(line)


def _notes(rows: list[Row], slow: int, board: Profile | None) -> list[str]:
    title = board.title if board else ""
    notes = []
    if slow:
        notes.append(
            f"Left out: {slow} that are predicted to be too slow or too large for {title}, or not "
            "predicted."
        )
    if any(row.prediction for row in rows):
        notes.append(
            f"RTF (seconds of work per second of speech) and memory are predictions for {title}, "
            "not measurements: they may be wrong by a factor of two."
        )
    elif rows:
        notes.append("There is no prediction for this board: --board P asks about another one.")
    if any(row.score.startswith("D") for row in rows):
        notes.append("SCORE D is DNSMOS, 1 to 5, measured with this project.")
    if any(row.listed and row.listed.scores.overall for row in rows):
        notes.append(open_list().credit)
    notes.append("All of one, with its licence: edge voices NAME. To build it: edge build NAME.")
    return notes


def _cells(row: Row) -> tuple[str, ...]:
    guess = row.prediction
    return (
        row.name + (" (built)" if row.built else ""),
        row.words,
        str(row.speakers),
        row.score,
        row.judgement.terms.name,
        f"{row.size / 1e6:.0f} MB" if row.size else "-",
        f"~{guess.real_time_factor:.2g}" if guess else "-",
        f"~{guess.memory_mb} MB" if guess else "-",
    )


def _best_first(row: Row) -> tuple[str, str, float, str]:
    overall = row.listed.scores.overall if row.listed else 0.0
    return row.words.partition(" (")[0], row.language, -overall, row.name


def _is_wanted(row: Row, catalogue: Catalogue, options: Options) -> bool:
    terms = row.judgement.terms.name
    if options.licence and terms not in (
        SELL if options.licence == "sell" else (options.licence,)
    ):
        return False
    if options.family and row.family != options.family:
        return False
    if options.speakers and row.speakers < options.speakers:
        return False
    if options.built and not row.built:
        return False
    return not options.language or any(
        _speaks(language, options.language, catalogue) for language in row.languages
    )


def _speaks(language: str, typed: str, catalogue: Catalogue) -> bool:
    words = catalogue.words(language)
    names = {language, language.partition("_")[0], words.english, words.native}
    return typed.lower().replace("-", "_") in {name.lower() for name in names}


def _row(
    catalogue: Catalogue,
    name: str,
    described: dict[str, Voice],
    built: dict[str, list[Path]],
    board: Profile | None = None,
) -> Row:
    listed, folders = catalogue.find(name), built.get(name, [])
    voice = described.get(name) or (load_voice(folders[0] / VOICE) if folders else None)
    if voice is not None:
        family, languages = voice.family, voice.every_language
        card = read_card(voice.licence.statement)
        judgement = catalogue.judge(voice.licence.name, card, listed)
    else:
        assert listed is not None  # the name is from one of the three
        family, languages = catalogue.family(listed), (listed.language,)
        judgement = listed.judgement
    size = voice.size if voice and voice.size else listed.size if listed else 0
    quality = listed.quality if listed else ""
    model = listed.files["model"].bytes if listed else size
    prediction = None
    if board is not None:
        prediction = predict(models_dir(), board, family, quality, model)
    return Row(
        name,
        family,
        languages[0],
        languages,
        _in_words(languages, catalogue),
        quality,
        listed.speakers if listed else voice.speakers if voice else 1,
        size,
        judgement,
        listed,
        voice,
        tuple(map(str, folders)),
        prediction,
    )


def _in_words(languages: tuple[str, ...], catalogue: Catalogue) -> str:
    first, *others = (str(catalogue.words(language)) for language in languages)
    return f"{first} and {len(others)} more" if others else first


def _described() -> dict[str, Voice]:
    return {voice.name: voice for voice in all_voices()}


def _this_board() -> Profile | None:
    try:
        return detect(read_machine(), all_profiles()).profile
    except UnknownProfile:
        return None


def _built() -> dict[str, list[Path]]:
    """Find the bundles that are here, by voice; one that cannot be read is none."""
    found: dict[str, list[Path]] = {}
    for place in places_to_examine():
        for folder in bundle_folders(place):
            try:
                voice = load_voice(folder / VOICE)
            except EdgeError:
                continue
            found.setdefault(voice.name, []).append(folder)
    return found
