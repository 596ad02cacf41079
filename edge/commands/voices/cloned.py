"""The cloned voices of this machine: a table, or all of one."""

from __future__ import annotations

import os
from pathlib import Path

from edge import records
from edge.commands.answers import print_json, print_table
from edge.synth.voice_print import Label, all_labels, find_label, prints_dir


def find_cloned(name: str) -> tuple[Label, Path] | None:
    """Find a cloned voice by its name, with its file; also the service's, for whoever may read
    them."""
    return find_label(name, _folders())


def print_every_cloned(json: bool) -> None:
    """Print the cloned voices, for people or for programs."""
    labels = all_labels(_folders())
    if json:
        print_json([records.to_dict(label) for label in labels])
        return
    if not labels:
        print("There is no cloned voice. Make one: edge clone NAME CLIP.wav")
    else:
        head = ("NAME", "SPOKEN BY", "LANGUAGE", "CLIP", "MADE")
        print_table(head, [_cells(label) for label in labels])
    if os.geteuid() != 0 and prints_dir(system=True).parent.exists():
        print("\nThose of the service: edge status; or, as root: sudo edge voices --cloned")


def print_cloned(found: tuple[Label, Path], json: bool) -> None:
    """Print all of one, for people or for programs."""
    label, path = found
    if json:
        print_json(records.to_dict(label) | {"file": str(path)})
        return
    facts = [
        ("spoken by", f"{label.voice} ({label.family}), checkpoint {label.checkpoint[:12]}"),
        ("language", label.language),
        ("clip", _clip(label)),
        ("made", label.made),
        ("declared", label.consent),
        ("file", f"{path}, {path.stat().st_size:,} bytes, as private as the clip"),
    ]
    print_table((label.name, "a cloned voice"), facts)
    print(f"\nHear it: edge say --voice {label.name} 'Hello.'")
    print(f"Wipe it: edge unclone {label.name}")


def note_cloned() -> None:
    """Print one line where there are cloned voices, below the list of those to build."""
    if names := ", ".join(label.name for label in all_labels(_folders())):
        print(f"Cloned on this machine: {names}. More of them: edge voices --cloned.")


def _folders() -> list[Path]:
    system = prints_dir(system=True)
    return [system] if os.access(system, os.R_OK | os.X_OK) else []


def _cells(label: Label) -> tuple[str, ...]:
    return (label.name, label.voice, label.language, _clip(label), label.made)


def _clip(label: Label) -> str:
    return f"{label.seconds:.1f} s, {label.loudness:.0f} LUFS"
