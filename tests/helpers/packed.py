"""A bundle from any files, without a build: for families that have no voice to build from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from edge.bundle import FORMAT, PROFILE, VOICE, Bundle, Manifest, Variant, open_bundle, seal
from edge.profile import profiles_dir
from edge.voice import voice_path

BOARD = "x86-64"


def pack(
    folder: Path,
    family: str,
    rate: int,
    graphs: Mapping[str, str] | None = None,
    voice: str = "tone",
) -> Bundle:
    """Make a bundle of all that lies in `folder`; `graphs` by stage."""
    shutil.copyfile(voice_path(voice), folder / VOICE)
    shutil.copyfile(profiles_dir() / f"{BOARD}.yaml", folder / PROFILE)
    seal(
        folder,
        lambda files: Manifest(
            format=FORMAT,
            voice=voice,
            profile=BOARD,
            family=family,
            language="en",
            rate=rate,
            gain=1.0,
            variants=(Variant("fp32", graphs or {}),),
            files=files,
            tools={},
        ),
    )
    return open_bundle(folder, machine=None)


SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|endofprompt|>", "[breath]")
MERGES = ("h e", "l l", "he ll", "hell o", "Ġ w", "a n", "e r", "u n", "s t")


def write_tokenizer(folder: Path) -> dict[str, int]:
    """vocab.json and merges.txt as Qwen2 has them, small; the ids of the special tokens."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    words = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]
    words += [merge.replace(" ", "") for merge in MERGES]
    vocabulary = {word: id for id, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    merges = "\n".join(("#version: 0.2", *MERGES, ""))
    (folder / "merges.txt").write_text(merges, encoding="utf-8")
    return {text: len(words) + i for i, text in enumerate(SPECIAL)}


def cosyvoice3_numbers(special: Mapping[str, int]) -> dict[str, object]:
    """config.json of the released model, but for its size."""
    return {
        "rate": 24_000,
        "token_rate": 25,
        "codes": 6561,
        "sos": 6561,
        "task": 6563,
        "hidden": 8,
        "layers": 1,
        "kv_heads": 1,
        "head": 8,
        "special_tokens": dict(special),
        "silent_tokens": [1, 2, 28, 29],
        "sampling": {"top_p": 0.8, "top_k": 25, "window": 10, "tau": 0.1},
        "flow": {
            "mels": 80,
            "xvec": 192,
            "frames_per_token": 2,
            "look_ahead_tokens": 3,
            "block_frames": 50,
            "steps": 10,
        },
        "mel": {"n_fft": 1920, "hop": 480, "window": 1920},
        "source": {
            "frame": 480,
            "harmonics": 9,
            "sine": 0.1,
            "noise": 0.003,
            "voiced_hz": 10.0,
            "weight": [0.1] * 9,
            "bias": 0.01,
        },
        "vocoder": {"hop": 4},
    }
