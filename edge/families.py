"""One card for each family, an architecture of models that text is spoken with.

Whatever the house must know of a family stands on its card, and whatever it must do is in the two
modules that the card names; nothing else asks for a family by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Option:
    """A number that a variant may have in place of the model's own."""

    least: float
    most: float
    only: tuple[float, ...] = ()
    """All that it may be; empty for any between."""


@dataclass(frozen=True)
class Family:
    """The card: what its voices bring, what runs it, and what makes it."""

    name: str
    needs: frozenset[str] = frozenset()
    """Roles of the files that a voice must bring."""
    may: frozenset[str] = frozenset()
    """Roles of the files that it may bring, too."""
    many: tuple[str, ...] = ()
    """Prefixes of roles that it may bring any number of."""
    speaker_files: str = ""
    """The one of these whose files are a speaker each; empty if speakers bring none."""
    extra: str = ""
    """Pip extra that runs it on a board; empty if it needs none."""
    imports: tuple[str, ...] = ()
    """Modules that must be there before it speaks; `edge doctor` and `edge bench` import them."""
    without_ort: tuple[str, ...] = ()
    """Packages of the extra, for `pip install --no-deps`: they ask for the CPU's onnxruntime, and
    a Jetson has its own. Empty if the extra does not ask for it."""
    deb: str = ""
    """Debian package that brings the extra; empty if edge-voice itself does."""
    run: str = ""
    """Light module of the board's side, edge.synth.NAME if empty.

    `load(bundle, variant, cost) -> Synthesizer`, and where the family can, without the model,
    `speakers(bundle) -> tuple[str, ...]`, `phonemes(bundle) -> frozenset[str]`, `reads(bundle,
    language) -> bool` and `phonemizer(bundle) -> Callable[[str], list[list[str]]]`, which turns a
    text into sentences of phonemes; and, if `clip_s` is not 0, `enroll(bundle, clip, transcript)
    -> VoicePrint` and `check_print(bundle, print)`, which raises BadVoicePrint.
    """
    make: str = ""
    """Module of the build's side, edge.bundler.export.NAME if empty: `export(files by role, the
    bundle's folder, a log of every stage) -> Exported`; if `rewrites` names int8-fused, also
    `write_fused` (edge.bundler.export.FusedWriter), and `write_window` if it names fp16-window."""

    original: str = ""
    """Role of the file that recipes write graphs anew from; empty if none does."""
    rewrites: frozenset[str] = frozenset()
    """Recipes that do."""
    calibrates: bool = False
    """Whether recipes may learn from what the float encoder gives its decoder."""
    listens: int = 40
    """Evaluation sentences that a build listens to, at most about so many: fewer for a family that
    takes much work."""
    learns: frozenset[str] = frozenset()
    """Recipes of its decoder with which a build learns of its speakers by letting them speak; its
    module has a submodule `norms` with `learn` (edge.bundler.export.Learner) if there are any."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Recipe, or "STAGE RECIPE" for one stage -> the family's better way to what a profile means
    by it."""
    stages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Stage -> all recipes that it may become, for a family with stages of its own: the floor
    under each stage, which no profile reaches below. Empty: encoder and decoder as planned."""
    follows: Mapping[str, str] = field(default_factory=dict)
    """Stage that a profile may plan by name -> the one whose recipe it takes if none is planned.
    Of a family with `stages`, those that are not here stay in float."""
    twice: Mapping[str, str] = field(default_factory=dict)
    """Stage that only those variants have whose plan names it -> the one whose graph it is, too,
    made by another recipe: for work of another shape."""

    options: Mapping[str, Option] = field(default_factory=dict)
    """Numbers that a variant may have in place of the model's own."""

    halves: bool = False
    """True if weights that a checkpoint has in bfloat16 stay so in the bundle: half of the room,
    and memory of their own where others are mapped."""
    reads_digits: bool = False
    """True if plain numbers reach it as digits in languages other than English: espeak reads "204"
    right, but "zweihundertvier" with a v."""

    reads_every_script: bool = False
    """True if its voices read all scripts, as language models do."""
    alphabet: Literal["espeak", "misaki", "arpabet", ""] = ""
    """Signs of its phonemes; empty if it takes none."""
    prosody: frozenset[str] = frozenset()
    """Powers over a part of a sentence: rate, pitch."""

    clip_s: float = 0.0
    """Seconds of the longest clip that `edge clone` takes unless more is asked for; 0 if its
    voices clone nobody."""
    takes_transcript: bool = False
    """True if it clones better when it is told what the clip says."""
    instructs: bool = False
    """True if it can be told in words how to speak."""
    enough_s: float = 0.0
    """Seconds of a clip below which a voice is not well caught; 0 if any clip will do."""
    enrols: tuple[str, ...] = ()
    """Stages, or files, that `edge clone` alone runs: a bundle may leave them out, and still speak
    with voices that were cloned elsewhere."""
    print_of: tuple[str, ...] = ()
    """Files of a bundle that decide what a print holds and means: it fits every bundle of the
    voice in which they are the same, whatever board and recipe. Empty: the one bundle."""

    @property
    def run_module(self) -> str:
        return self.run or f"edge.synth.{self.name}"

    @property
    def make_module(self) -> str:
        return self.make or f"edge.bundler.export.{self.name}"


PIPER = Family(
    "piper",
    needs=frozenset({"model", "config"}),
    may=frozenset({"card"}),
    extra="piper",
    imports=("edge.synth.piper.synthesizer", "piper"),
    without_ort=("piper-tts", "pathvalidate"),
    deb="edge-voice-piper",
    original="model",
    rewrites=frozenset({"fp32-2d", "fp32-window", "fp16-window", "int8-fused", "int8-fused-7bit"}),
    calibrates=True,
    reads_digits=True,
    alphabet="espeak",
    prosody=frozenset({"rate"}),
)
HIBARI = Family(
    "hibari",
    needs=frozenset({"model", "vocab"}),
    may=frozenset({"notice"}),
    extra="hibari",
    imports=("edge.synth.hibari.synthesizer", "hibari.tts", "hibari.g2p"),
    without_ort=("hibari-tts",),
    deb="edge-voice-hibari",
    original="model",
    rewrites=frozenset({"fp32-window", "fp16-window", "int8-fused", "int8-fused-7bit"}),
    # Its decoder is MatMuls, which onnxruntime quantizes as they run, without calibration.
    instead={"int8-static": "int8-dynamic"},
    alphabet="misaki",
    prosody=frozenset({"rate", "pitch"}),
)
COSYVOICE3 = Family(
    "cosyvoice3",
    needs=frozenset(
        {"llm", "flow", "hift", "config", "llm_config", "vocab", "merges"}
        | {"tokenizer_config", "campplus", "speech_tokenizer"}
    ),
    may=frozenset({"card"}),
    extra="cosyvoice3-run",
    imports=("edge.synth.cosyvoice3.synthesizer", "soxr", "tokenizers"),
    clip_s=3.0,  # its frames are in every step of the flow: as dear as 3 s of speech
    takes_transcript=True,
    instructs=True,
    alphabet="arpabet",
    print_of=("campplus.onnx", "speech_tokenizer_v3.onnx", "vocab.json", "merges.txt"),
    enrols=("campplus.onnx", "speech_tokenizer_v3.onnx"),
    reads_every_script=True,
    stages={
        "llm": ("fp32", "fp16", "int8-dynamic", "int4", "int4-fp16"),
        "llm_prompt": ("fp32", "fp16", "int8-dynamic", "int4", "int4-fp16"),
        "flow_step": ("fp32", "fp16", "int8-dynamic"),
        "flow_front": ("fp32",),
        "f0": ("fp32",),  # float64 inside: the phase of the sound sums its errors up
        "vocoder": ("fp32",),  # int8 convolutions cost 6 % of its peak
    },
    follows={"llm": "encoder", "llm_prompt": "encoder", "flow_step": "decoder"},
    twice={"llm_prompt": "llm"},  # many rows at once, where the others are one by one
    options={"steps": Option(1, 10, only=(1, 2, 5, 10)), "guidance": Option(0, 3)},
)
KOKORO = Family(
    "kokoro",
    needs=frozenset({"model", "vocab"}),
    may=frozenset({"notice"}),
    # A table of styles for each speaker; the parts of a model that is handed out in parts.
    many=("voice-", "model-"),
    speaker_files="voice-",
    extra="hibari",
    imports=("edge.synth.kokoro.synthesizer",),
    without_ort=("hibari-tts",),
    deb="edge-voice-hibari",
    original="model",
    rewrites=frozenset({"int8-fused", "int8-fused-7bit"}),
    listens=12,
    learns=frozenset({"int8-fused", "int8-fused-7bit"}),
    instead={
        "encoder int8-fused": "int8-dynamic",
        "encoder int8-fused-7bit": "int8-dynamic",
        "int8-static": "int8-dynamic",
    },
    follows={"frames": "decoder"},
    alphabet="misaki",
    prosody=frozenset({"rate", "pitch"}),
)
CLIP_MODEL = "clip-model.txt"
"""File of a bundle of Pocket TTS: a checksum of what its checkpoint makes a print with."""
POCKET = Family(
    "pocket",
    needs=frozenset({"model", "config", "tokenizer"}),
    # A clip or a latent print that the voice speaks with if nobody is named; and terms.
    may=frozenset({"voice", "card"}),
    imports=("edge.synth.pocket.synthesizer",),
    clip_s=30.0,
    enough_s=5.0,  # Kyutai's own word
    print_of=(CLIP_MODEL,),
    enrols=("encoder",),
    halves=True,
    stages={
        "lm": ("fp32", "int8-dynamic"),
        "codec": ("fp32", "int8-fused", "int8-fused-7bit"),
        "encoder": ("fp32",),  # of a clip, once: a print is for good
    },
    follows={"lm": "encoder", "codec": "decoder"},
)
TONE = Family("tone", reads_every_script=True, prosody=frozenset({"rate", "pitch"}))

DEFAULT_VOICE = "en_US-heart"
"""Built and spoken with where nobody names a voice: free to sell, and a fifth of joe's work."""

FAMILIES = {family.name: family for family in (PIPER, HIBARI, TONE, COSYVOICE3, KOKORO, POCKET)}


def check_option(name: str, value: float) -> None:
    """Raise ValueError unless a family has such an option, and it may be that."""
    known = {name: option for card in FAMILIES.values() for name, option in card.options.items()}
    if name not in known:
        raise ValueError(f"options: {name!r} is none; there are {', '.join(known)}")
    option = known[name]
    if not option.least <= value <= option.most or (option.only and value not in option.only):
        allowed = ", ".join(map(str, option.only)) or f"{option.least:g} to {option.most:g}"
        raise ValueError(f"options: {name} {value:g}, but it may be {allowed}")
