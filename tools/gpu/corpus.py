"""Speak the evaluation sentences on a GPU and on the CPU, and compare how long and how good.

    python -m tools.gpu.corpus speak BUNDLE ROW FILE.npz
    python -m tools.gpu.corpus compare CPU.npz OTHER.npz [--dnsmos]

ROW is one of tools/gpu/measure.py. The lengths alternate, as the sentences do; a file keeps each
sentence's sound as int16 and the median seconds that it took. DNSMOS needs the extra `quality`, on
any machine.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from edge.bundle import open_bundle
from edge.bundler.corpus import sentences
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.pcm import Samples, to_int16
from edge.synth import Style
from tools.gpu.measure import load, speaker

ROUNDS = 3
RATE = 22_050


def speak(bundle: Path, row: str, file: Path) -> None:
    voice = load(open_bundle(bundle, None), row)
    say = speaker(voice)
    planned = [voice.plan(text, Style()) for text in sentences("evaluation", "en")]
    taken: list[list[float]] = [[] for _ in planned]
    sounds: list[Samples] = []
    for number in range(ROUNDS + 1):  # the first warms up
        for place, segments in enumerate(planned):
            began = time.perf_counter()
            chunks = list(say(segments))
            taken[place] += [time.perf_counter() - began] * bool(number)
            if not number:
                sounds.append(np.concatenate(chunks))
    medians = [sorted(of)[ROUNDS // 2] for of in taken]
    kept = {f"sentence_{place:02}": to_int16(sound) for place, sound in enumerate(sounds)}
    np.savez_compressed(file, seconds=np.array(medians), **kept)  # type: ignore[arg-type]
    print(f"{row}: {len(planned)} sentences, {sum(map(len, sounds)) / RATE:.1f} s of sound")


def compare(reference: Path, other: Path, dnsmos: bool) -> dict[str, float]:
    """Means over the sentences; `slowest`: the largest share of the reference's time."""
    one, two = np.load(reference), np.load(other)
    names = [name for name in one.files if name != "seconds"]
    pairs = [(one[n].astype(np.float32) / 32768, two[n].astype(np.float32) / 32768) for n in names]
    share = two["seconds"] / one["seconds"]
    found = {
        "snr_db": float(np.mean([snr_db(a, b) for a, b in pairs])),
        "snr_db_least": float(min(snr_db(a, b) for a, b in pairs)),
        "log_mel_db": float(np.mean([log_mel_distance_db(a, b, RATE) for a, b in pairs])),
        "share_of_the_time": float(two["seconds"].sum() / one["seconds"].sum()),
        "slowest": float(share.max()),
        "sentences_slower": float((share >= 1).sum()),
    }
    if dnsmos:
        from edge.bundler.evaluate.judges import Dnsmos, mean_mos

        judge = Dnsmos()
        for side, place in (("reference", 0), ("other", 1)):
            mos = mean_mos([judge.judge(pair[place], RATE, "") for pair in pairs])
            found |= {f"{side}_{key}": getattr(mos, key) for key in ("ovrl", "sig", "bak", "p808")}
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    speaking = verbs.add_parser("speak")
    speaking.add_argument("bundle", type=Path)
    speaking.add_argument("row")
    speaking.add_argument("file", type=Path)
    comparing = verbs.add_parser("compare")
    comparing.add_argument("reference", type=Path)
    comparing.add_argument("other", type=Path)
    comparing.add_argument("--dnsmos", action="store_true")
    given = parser.parse_args()
    if given.verb == "speak":
        speak(given.bundle, given.row, given.file)
    else:
        print(json.dumps(compare(given.reference, given.other, given.dnsmos), indent=1))


if __name__ == "__main__":
    main()
