"""Read phonemes that a text holds in [[ ]] in place of a word, among those of its other words.

A phonemizer wants whole sentences: what stands beside a word, a comma above all, would be lost or
read aloud if the text were cut there. So a made-up word takes the place, and gives it back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_GIVEN = re.compile(r"\[\[(.*?)\]\]")
_STAND_INS = ("Zizzag", "Bezzig", "Gibzag", "Zubbig")
"""Words of no language. They end in a stop, so that nothing is linked to them, and begin with a
capital, by which espeak sees that a sentence begins."""
_STRESS = "ˈˌ"


def phonemize_given(
    text: str, phonemize: Callable[[str], Sequence[Sequence[str]]]
) -> list[list[str]]:
    """Return sentences of phonemes as `phonemize` gives them, the given ones in their places.

    If a language has no way to read the made-up words, the text between the given phonemes is read
    part by part.
    """
    parts = _GIVEN.split(text)
    if len(parts) == 1:
        return [list(sentence) for sentence in phonemize(text)]
    given = parts[1::2]
    for word in _STAND_INS:
        if word.lower() in text.lower():
            continue
        alone = [p for sentence in phonemize(word) for p in sentence if p not in _STRESS]
        found: list[list[str]] = []
        taken = 0
        for sentence in phonemize(word.join(parts[::2])):
            phonemes, count = _exchanged(sentence, alone, given[taken:])
            taken += count
            found.append(phonemes)
        if alone and taken == len(given):
            return found
    return [
        list(sentence)
        for number, part in enumerate(parts)
        for sentence in ([part] if number % 2 else phonemize(part) if part.strip() else [])
    ]


def _exchanged(
    sentence: Sequence[str], alone: Sequence[str], given: Sequence[str]
) -> tuple[list[str], int]:
    """Put `given` in the places of the made-up word; return how many there were, too."""
    sounds = [place for place, phoneme in enumerate(sentence) if phoneme not in _STRESS]
    bare = [sentence[place] for place in sounds]
    found: list[str] = []
    done = at = count = 0
    while count < len(given) and alone and at + len(alone) <= len(bare):
        if bare[at : at + len(alone)] != list(alone):
            at += 1
            continue
        start = sounds[at]
        while start > done and sentence[start - 1] in _STRESS:
            start -= 1
        found += [*sentence[done:start], *given[count]]
        at, count = at + len(alone), count + 1
        done = sounds[at - 1] + 1
    return [*found, *sentence[done:]], count
