"""Write a segment as the model was trained to read one: it ends with a closing mark, and Chinese
text has Chinese marks and no spaces.

Source: text_normalize of the released code (commit ace7c47). It calls a text Chinese if it holds
one Han character, so Japanese kanji are read as Chinese there and here: give kana. Digits stay,
which this model reads itself. Where it would write two closing marks, one stands here.
"""

from __future__ import annotations

import re

SENTENCE_END = tuple(".?!;:…。？！；：、")
"""Marks that may end a segment; the others get a full stop behind them."""

_HAN = re.compile("[\u4e00-\u9fff]")
# What may stand behind a closing mark: quotes, brackets, and sounds that are no words.
_BEHIND = re.compile("(?:[\"'”’)」』）】\\s]|\\[[a-z_-]+\\]|</\\w+>)*$")
_OPEN_END = re.compile("[,，、\\s—–-]+$")
# A point between digits is no full stop: 3.14.
_STOP = re.compile(r"(?<!\d)\.|\.(?!\d)")
_GIVEN = re.compile(r"(\[\[.*?\]\])")
_CHINESE = str.maketrans({
    "\n": "", "（": "", "）": "", "【": "", "】": "", "`": "", "²": "平方", "³": "立方",
})  # fmt: skip


def is_chinese(text: str) -> bool:
    return _HAN.search(text) is not None


def finished(text: str, joins: bool = False) -> str:
    """Write a segment for the model. `joins`: its sentence goes on in the next one, so that a
    comma is enough."""
    chinese = is_chinese(text)
    text = _as_chinese(text) if chinese else text.strip()
    if joins:
        marked = _BEHIND.sub("", text).endswith((*SENTENCE_END, ",", "，"))
        return text if marked else text + ("，" if chinese else ",")
    if _BEHIND.sub("", text).endswith(SENTENCE_END):
        return text
    return _OPEN_END.sub("", text) + ("。" if chinese else ".")


def _as_chinese(text: str) -> str:
    """Phonemes in [[ ]] stay as they are."""
    parts = _GIVEN.split(text.strip())
    return "".join(part if n % 2 else _chinese_marks(part) for n, part in enumerate(parts))


def _chinese_marks(text: str) -> str:
    text = text.translate(_CHINESE).replace("——", " ")
    text = re.sub(r"(?<![!-~]) +| +(?![!-~])", "", text)  # one stays between two Latin words
    return _STOP.sub("。", text).replace(" - ", "，")
