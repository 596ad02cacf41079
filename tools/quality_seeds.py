"""How a variant sounds beside fp32 over several noise seeds, and how much seeds alone change.

    python -m tools.quality_seeds REFERENCE BUNDLE [VARIANT ...] [--seeds N] [--whisper N]

On demand. `edge build VOICE --only fp32` makes REFERENCE. Every evaluation sentence is spoken
with N seeds (3) by each VARIANT of BUNDLE (fused) and by fp32, and again by fp32 with N other
seeds: what is found there is the scatter of equals. Whisper hears every sentence of the first
`--whisper` seeds (all). Log-mel distances and pauses are taken with fp32's durations and noise,
the other seeds' with its durations alone; the judges hear each variant in its own rhythm.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge import synth
from edge.bundle import open_bundle
from edge.bundler import corpus
from edge.bundler.evaluate.judges import Dnsmos, WordErrorRate
from edge.bundler.evaluate.measurements import say
from edge.bundler.metrics import log_mel_distance_db, noise_in_pauses_db
from edge.files import cache_dir
from edge.synth import Style, Synthesizer

OTHERS = "fp32, other seeds"
MEASURES = ("log-mel", "pauses", "ovrl", "bak", "p808")


@dataclass
class Heard:
    """Scores of a variant: (seeds, sentences, MEASURES), and word errors of each seed that Whisper
    heard."""

    scores: list[npt.NDArray[np.float64]] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools.quality_seeds")
    parser.add_argument("reference", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("variants", nargs="*", default=["fused"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--whisper", type=int, default=None)
    wish = parser.parse_args()
    bundle = open_bundle(wish.bundle, None)
    loaded = {"fp32": synth.load(open_bundle(wish.reference, None), "fp32")}
    loaded |= {name: synth.load(bundle, name) for name in wish.variants}
    texts = corpus.sentences("evaluation", bundle.voice.language)
    judges = Judges(bundle.voice.language)
    listens = wish.seeds if wish.whisper is None else wish.whisper
    heard = {name: Heard() for name in ("fp32", OTHERS, *wish.variants)}
    for number in range(wish.seeds):
        for name, found in heard.items():
            variant = loaded["fp32"] if name == OTHERS else loaded[name]
            seed = number + wish.seeds if name == OTHERS else number
            words = number < listens
            scores, errors = judges.hear(variant, loaded["fp32"], texts, (number, seed), words)
            found.scores.append(scores)
            found.errors += [errors] if words else []
            means = "  ".join(f"{mean:.3f}" for mean in scores.mean(axis=0))
            print(f"{name}, seed {seed}: {means}  {errors if words else '-'} errors", flush=True)
    print_table(heard, judges.words)


class Judges:
    def __init__(self, language: str) -> None:
        self._dnsmos = Dnsmos()
        self._whisper = WordErrorRate(cache_dir(), language.split("_")[0])
        self.words = 0

    def hear(
        self,
        variant: Synthesizer,
        fp32: Synthesizer,
        texts: Sequence[str],
        seeds: tuple[int, int],
        listen: bool,
    ) -> tuple[npt.NDArray[np.float64], int]:
        """(sentences, MEASURES) and word errors; `seeds` of fp32 and of `variant`."""
        rows, errors, words = [], 0, 0
        for text in texts:
            fixed = [
                replace(segment, durations=fp32.durations(segment))
                for segment in fp32.plan(text, Style(seed=seeds[0]))
            ]
            wanted = say(fp32, fixed)
            own = Style(seed=seeds[1])
            sound = say(variant, [replace(segment, style=own) for segment in fixed])
            free = say(variant, variant.plan(text, own))
            mos = self._dnsmos.judge(free, variant.rate, text)
            rows.append(
                (
                    log_mel_distance_db(wanted, sound, variant.rate),
                    noise_in_pauses_db(wanted, sound, variant.rate),
                    mos.ovrl,
                    mos.bak,
                    mos.p808,
                )
            )
            if listen:
                result = self._whisper.judge(free, variant.rate, text)
                errors += result.errors
                words += result.words
        self.words = words or self.words
        return np.array(rows), errors


def print_table(heard: dict[str, Heard], words: int) -> None:
    """Means over all sentences and seeds with the standard deviation of the seeds' means; what
    was gained or lost against fp32 in pairs of sentence and seed, with its standard error."""
    base = np.array(heard["fp32"].scores)
    print("\n| variant | " + " | ".join(MEASURES) + f" | word errors of {words}, by seed |")
    print("|" + "---|" * (len(MEASURES) + 2))
    for name, found in heard.items():
        scores = np.array(found.scores)
        seeds = scores.mean(axis=1)
        spread = seeds.std(axis=0, ddof=1) if len(seeds) > 1 else np.zeros(len(MEASURES))
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(seeds.mean(axis=0), spread, strict=True)]
        print(f"| {name} | " + " | ".join(cells) + f" | {', '.join(map(str, found.errors))} |")
        if name == "fp32":
            continue
        pairs = (scores - base).reshape(-1, len(MEASURES))
        error = pairs.std(axis=0, ddof=1) / len(pairs) ** 0.5
        cells = [f"{m:+.3f} ± {e:.3f}" for m, e in zip(pairs.mean(axis=0), error, strict=True)]
        total = sum(found.errors) - sum(heard["fp32"].errors)
        print(f"| less fp32 | {' | '.join(cells)} | {total:+d} |")


if __name__ == "__main__":
    main()
