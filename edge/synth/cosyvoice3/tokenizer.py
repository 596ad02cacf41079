"""Text to ids: Qwen2's byte-level BPE, by the package tokenizers, and CosyVoice3's own tokens."""

from __future__ import annotations

import logging
import re
import unicodedata
from pathlib import Path

from edge.bundle import Bundle
from edge.errors import BundleDamaged, MissingPackage
from edge.synth.cosyvoice3.settings import Settings

log = logging.getLogger(__name__)

END_OF_PROMPT = "<|endofprompt|>"
INSTRUCTION = "You are a helpful assistant."
"""Stands before every text with END_OF_PROMPT behind it; without the pair the model babbles. How
to speak is said between the two."""
GIVEN = re.compile(r"\[\[([^\[\]]*)\]\]")
"""Phonemes in place of a word, parted by points: [[j.ǐ]] is [j][ǐ], as the model has them."""

# Of Qwen2's tokenizer.json: contractions, words, single digits, marks, white space.
_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class TextTokenizer:
    """Raises MissingPackage, BundleDamaged."""

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        try:
            import tokenizers
            from tokenizers import models, normalizers, pre_tokenizers
        except ImportError as error:
            raise MissingPackage(
                f"the cosyvoice3 family needs the package tokenizers: {error}",
                "In the clone of Edge Voice: python -m pip install '.[cosyvoice3-run]'",
            ) from None
        vocabulary, merges = _file(bundle, "vocab.json"), _file(bundle, "merges.txt")
        try:
            self._bpe = tokenizers.Tokenizer(models.BPE.from_file(vocabulary, merges))
        except Exception as error:  # the package raises plain Exception
            raise BundleDamaged(
                f"{bundle.path.name}: vocab.json and merges.txt cannot be read: {error}",
                f"Build it again: edge build {bundle.voice.name}",
            ) from None
        self._bpe.normalizer = normalizers.NFC()
        self._bpe.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(tokenizers.Regex(_PIECES), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        special = sorted(settings.special_tokens.items(), key=lambda item: item[1])
        # Controls like <|endofprompt|> are ours to set, so that no text can say them.
        self._controls = {text: id for text, id in special if text.startswith("<|")}
        sounds = [tokenizers.AddedToken(text, normalized=False) for text, _ in special]
        self._bpe.add_special_tokens(sounds)
        for text, id in special:
            if self._bpe.token_to_id(text) != id:
                raise BundleDamaged(
                    f"{bundle.path.name}: {text} has the id {self._bpe.token_to_id(text)} by "
                    f"vocab.json and {id} by config.json",
                    f"Build it again: edge build {bundle.voice.name}",
                )

    def prefix(self, how: str | None = None) -> tuple[int, ...]:
        """Make the ids that stand before a text; `how` is to be spoken, if that is said."""
        said = INSTRUCTION if how is None else f"{INSTRUCTION} {how}"
        return (*self.encode(said), self._controls[END_OF_PROMPT])

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of a text; [breath], [laughter] and their like are sounds, controls are words."""
        text = unicodedata.normalize("NFC", text)  # [ǐ] has its id in this form only
        text = GIVEN.sub(self._phonemes, text.replace("<|", "< |"))
        return tuple(self._bpe.encode(text).ids)

    def _phonemes(self, given: re.Match[str]) -> str:
        pieces = [f"[{piece}]" for piece in re.split(r"[.\s]+", given[1]) if piece]
        strange = [piece for piece in pieces if self._bpe.token_to_id(piece) is None]
        if strange or not pieces:
            log.warning("what stands in [[ ]] is no phoneme of this voice, and is read as text")
            return given[1]
        return "".join(pieces)


def _file(bundle: Bundle, name: str) -> str:
    path: Path = bundle.file(name)
    return str(path)
