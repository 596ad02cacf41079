"""A file of official tokens that is not of the bundle's model is refused, with what it has, what
may be, and what to do. 2 s."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.bundler.evaluate.drawn_file import Drawn, DrawnFiles
from edge.errors import NotComparable
from tests.helpers.command_line import ROOT
from tests.helpers.official_drawn import Arrays, write


def put(name: str, place: Any, value: float) -> Callable[[Arrays], Arrays]:
    def change(arrays: Arrays) -> Arrays:
        copy = arrays[name].copy()
        copy[place] = value
        return arrays | {name: copy}

    return change


def replaced(name: str, make: Callable[[Any], Any]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: arrays | {name: make(arrays[name])}


REFUSED = [
    (lambda a: {k: v for k, v in a.items() if k != "drawn"}, "it has no array drawn; 8 are"),
    (replaced("logp", lambda x: x[:, :6564]), "expected float32 (any, 6761)"),
    (replaced("logp", lambda x: x[:-1]), "each needs one"),
    (replaced("logp", lambda x: x[0]), "logp is float32 (6761,); expected float32 (any, 6761)"),
    (put("logp", (3, 7), np.nan), "logp has 1 values that are no numbers; 0 may be so"),
    (put("logp", 2, 0.0), "the chances in logp[2] add up to 6761; log_softmax's add up to 1"),
    (put("logp", (1, 1), 1e4), "the chances in logp[1] add up to inf"),
    (put("drawn", 4, 6761), "drawn[4] is 6761; this model's are 0 to 6760"),
    (put("drawn", 4, 6562), "drawn[4] is 6562, and more follow; from 6561 on they end"),
    (put("heard", 0, 6561), "heard[0] is 6561; this model's are 0 to 6560"),
    (put("clip_tokens", 0, -1), "clip_tokens[0] is -1"),
    (put("text", 1, 151_646), "text[1] is 151646; this model's are 0 to 639"),
    (replaced("text", lambda x: x.astype(np.float32)), "text is float32"),
    (replaced("clip_mel", lambda x: x.T), "clip_mel is float32 (124, 80); expected float32 (80,"),
    (replaced("clip_mel", lambda x: x[:, :100]), "100 frames; 62 clip_tokens have 124"),
    (replaced("clip_vector", lambda x: x[None]), "clip_vector is float32 (1, 192)"),
    (replaced("sound", lambda x: x[:-1]), "samples; 32 tokens have 30720"),
    (replaced("sound", np.zeros_like), "it is silent"),
    (replaced("text", lambda x: np.resize(x, 1450)), "rows; a bundle has room for 1536"),
    (replaced("sound", lambda x: x.astype(object)), "it is no .npz file of plain arrays"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), REFUSED, ids=[told[:30] for _, told in REFUSED])
def test_what_is_not_of_this_model_is_refused(
    cosyvoice3_bundle: Bundle,
    drawn: Arrays,
    tmp_path: Path,
    change: Callable[[Arrays], Arrays],
    told: str,
) -> None:
    path = write(tmp_path, "en-00", change(drawn))
    with pytest.raises(NotComparable, match=re.escape(told)) as caught:
        DrawnFiles(cosyvoice3_bundle).read(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert "docs/use/judge-a-voice.md" in caught.value.remedy


def test_a_clip_that_leaves_no_room_should_be_shorter(
    cosyvoice3_bundle: Bundle, drawn: Arrays, tmp_path: Path
) -> None:
    long = drawn | {
        "clip_tokens": np.resize(drawn["clip_tokens"], 980),
        "clip_mel": np.resize(drawn["clip_mel"], (80, 1960)),
    }
    path = write(tmp_path, "en-00", long)
    with pytest.raises(NotComparable, match="tokens; a bundle has room for 1000") as caught:
        DrawnFiles(cosyvoice3_bundle).read(path)
    assert "a shorter clip" in caught.value.remedy


def test_what_is_no_archive_is_refused(cosyvoice3_bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "en-00.npz"
    for content in (b"", b"PK\3\4 cut", b"RIFF"):
        path.write_bytes(content)
        with pytest.raises(NotComparable, match=r"no \.npz file"):
            DrawnFiles(cosyvoice3_bundle).read(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(NotComparable, match=r"no \.npz file"):
        DrawnFiles(cosyvoice3_bundle).read(path)


def test_the_script_of_the_page_writes_these_arrays() -> None:
    page = (ROOT / "docs/use/judge-a-voice.md").read_text(encoding="utf-8")
    [script] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    calls = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)]
    [saved] = [call for call in calls if ast.unparse(call.func) == "np.savez"]
    names = {keyword.arg for keyword in saved.keywords}
    assert names == {field.name for field in dataclasses.fields(Drawn)}
