"""Tiny checkpoints of Pocket TTS, and what the official package computes of them, kept as test
data: so the whole family is tested without torch.

`python -m tests.helpers.kept_pocket` makes them anew, with what official_pocket.py beside it
needs."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.pocket import export
from edge.bundler.export.record import Exported
from edge.recipes import graph_name
from tests.helpers.packed import pack

KEPT = Path(__file__).parents[1] / "data/exported" / "pocket.zip"
KINDS = {
    "pointwise": "english_2m_2026-10",
    "drifting": "english_18m_2026-10",
    "lsd": "english_2026-10",
}
"""Head -> the released structure that was shrunk: grouped heads and a low-rank table; none of
both; no sizes of the decoder's own, no projection before the head, and a tokenizer in JSON."""
VOICE, RATE = "pocket-en-2m", 24_000
TEXT = "The kettle is on, and the toast is done."
TEXTS = (
    TEXT,
    "hello",
    "Yes!",
    'She said: "come in"',
    "wait -",
    "one; two; three;",
    "Version 3.5 is out. It is not 3. 5 is next!?",
    "Well... I never... did. (Or so) he said…",
    "‘Quoted’ — and dashed – text, “twice”?, she said.",
    "A first sentence of some length that fills a chunk. A second one, shorter. And a third.",
    "This sentence goes on, and on, and on and on; with more of the same: again, and again.",
    "line one\nline two  with   spaces\n\nline three",
    "Größe 漢字 😀 café naïve",
    "a?b!c.d",
    ".5 and 7:30, at 12.",
)
"""Texts whose preparation by the official code is kept."""
Reading = tuple[str, list[tuple[str, list[int], int]]]
"""A text, and of each chunk: what is read, its ids, and the frames behind its end."""


def unpack(kind: str, folder: Path) -> tuple[dict[str, Path], dict[str, npt.NDArray[np.float32]]]:
    """Lay a checkpoint into `folder`: its files by role, and what was given and made of it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    with zipfile.ZipFile(KEPT) as archive:
        for name in archive.namelist():
            if name.startswith(f"{kind}/"):
                path = folder / Path(name).name
                path.write_bytes(archive.read(name))
                files[path.stem] = path
    reference = dict(np.load(files.pop("reference")))
    del files["texts"]
    return files, reference


def exported(kind: str, folder: Path) -> Path:
    """Lay the float graphs of a checkpoint, and what goes with them, into `folder`."""
    files, _ = unpack(kind, folder / "checkpoint")
    export(files, folder, ExportLog())
    return folder


def texts(kind: str) -> list[Reading]:
    """Return what the official code made of TEXTS."""
    with zipfile.ZipFile(KEPT) as archive:
        found: list[Reading] = json.loads(archive.read(f"{kind}/texts.json"))
    return found


def build(kind: str, folder: Path, voiced: bool = True, **changed: object) -> Bundle:
    """Make a bundle of a checkpoint in `folder`, if `voiced` with a voice of its own, of noise.
    `changed`: numbers of config.json."""
    files, reference = unpack(kind, folder / "checkpoint")
    made = folder / "bundle"
    made.mkdir()
    exported: Exported = export(files, made, ExportLog())
    if voiced:
        np.save(made / "voice.npy", reference["voice"])
    numbers = json.loads((made / "config.json").read_text(encoding="utf-8")) | changed
    (made / "config.json").write_text(json.dumps(numbers), encoding="utf-8")
    [variant] = exported.variants
    graphs = {stage: graph_name(stage, "fp32") for stage in variant.graphs}
    for stage, name in variant.graphs.items():
        (made / name).rename(made / graphs[stage])
    shutil.rmtree(folder / "checkpoint")
    return pack(made, "pocket", RATE, graphs, VOICE)


def main() -> None:
    import tempfile

    from tests.helpers.official_pocket import compute, read, tiny, write_checkpoint

    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(KEPT, "w") as archive:
        for kind, released in KINDS.items():
            folder = Path(name) / kind
            model = write_checkpoint(folder, tiny(released))
            buffer = io.BytesIO()
            np.savez(buffer, **compute(model, TEXT, voice=20, frames=18, seed=1))
            (folder / "reference.npz").write_bytes(buffer.getvalue())
            texts = json.dumps(read(model, TEXTS), ensure_ascii=False)
            (folder / "texts.json").write_text(texts, encoding="utf-8")
            for file in sorted(folder.iterdir()):
                entry = zipfile.ZipInfo(f"{kind}/{file.name}")  # of 1980: no clock is in it
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes(), compresslevel=9)
    print(f"{KEPT}: {KEPT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
