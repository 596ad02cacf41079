"""A clip to a voice print: speech tokens, a speaker vector and the mel that they go with."""

from __future__ import annotations

import numpy as np

from edge.bundle import Bundle
from edge.errors import BadClip, ModelFailed, TextTooLong
from edge.pcm import PcmChunk
from edge.synth.clip import MOST_S, check_clip, resampled
from edge.synth.cosyvoice3.front_end import ENCODER_RATE, kaldi_fbank, prompt_mel, whisper_mel
from edge.synth.cosyvoice3.providers import CPU
from edge.synth.cosyvoice3.settings import Settings, read_settings
from edge.synth.cosyvoice3.speaker import FAMILY, Speaker, to_arrays
from edge.synth.cosyvoice3.tokenizer import TextTokenizer
from edge.synth.session import Array, Session
from edge.synth.voice_print import VoicePrint
from edge.text.cleaning import clean
from edge.text.cutting import MAX_TOKENS

SPEECH_TOKENIZER, SPEAKER_ENCODER = "speech_tokenizer_v3.onnx", "campplus.onnx"
LEAST_PER_TOKEN, MOST_PER_TOKEN = 2.0, 20.0
"""Speech tokens of the clip for a token of its transcript. Nobody speaks faster or slower, and
what the transcript says beyond its clip the model speaks in front of what it is asked for
(CosyVoice's issue 1597)."""


def enrol(bundle: Bundle, clip: PcmChunk, transcript: str | None) -> VoicePrint:
    """`transcript`: what is said in the clip, word for word, and the model goes on from there;
    without it, the model hears the clip in its flow alone (its cross-lingual form).

    Raises BadClip, EmptyText, TextTooLong, ModelFailed, MissingPackage.
    """
    settings = read_settings(bundle)
    check_clip(clip, MOST_S)
    text = _transcript(bundle, settings, clip, transcript)
    mel = prompt_mel(
        resampled(clip, settings.rate),
        settings.rate,
        settings.mel.n_fft,
        settings.mel.hop,
        settings.flow.mels,
    )
    low = resampled(clip, ENCODER_RATE)
    vector = _run(bundle, SPEAKER_ENCODER, kaldi_fbank(low)).reshape(-1).astype(np.float32)
    features = whisper_mel(low)
    length = np.array([features.shape[2]], np.int32)
    tokens = _run(bundle, SPEECH_TOKENIZER, features, length).reshape(-1)
    frames = settings.flow.frames_per_token
    count = min(mel.shape[1] // frames, len(tokens))  # token and frame stay in step
    tokens, mel = tokens[:count].astype(np.int64), mel[:, : count * frames]
    usable = count > 0 and vector.shape == (settings.flow.xvec,) and np.isfinite(vector).all()
    if not usable or tokens.min() < 0 or tokens.max() >= settings.codes:
        raise ModelFailed(
            f"the encoders gave {count} tokens and a vector of {vector.size} values for the clip",
            f"Build the voice again: edge build {bundle.voice.name}",
        )
    speaker = Speaker(text, tuple(map(int, tokens)), np.ascontiguousarray(mel), vector)
    return VoicePrint(FAMILY, to_arrays(speaker))


def _transcript(
    bundle: Bundle, settings: Settings, clip: PcmChunk, transcript: str | None
) -> tuple[int, ...]:
    """Turn the words of the clip into ids, if they can be all that it says; () if nobody told
    them."""
    if transcript is None:
        return ()
    ids = TextTokenizer(bundle, settings).encode(clean(transcript))
    if len(ids) > MAX_TOKENS:
        raise TextTooLong(
            f"the transcript has {len(ids)} text tokens; the limit is {MAX_TOKENS}",
            "Give a shorter clip, and only what is said in it.",
        )
    per_token = clip.seconds * settings.token_rate / max(1, len(ids))
    if not LEAST_PER_TOKEN <= per_token <= MOST_PER_TOKEN:
        much = "more than the clip can say" if per_token < LEAST_PER_TOKEN else "too little"
        raise BadClip(
            f"the transcript says {much}: {len(ids)} text tokens for {clip.seconds:.1f} s, which "
            f"is {per_token:.1f} speech tokens for each; {LEAST_PER_TOKEN:g} to "
            f"{MOST_PER_TOKEN:g} can be",
            "Give what is said in the clip, word for word, and no more: --text 'what it says'",
        )
    return ids


def _run(bundle: Bundle, name: str, *inputs: Array) -> Array:
    """The first output; the session is let go of, for it is as large as all the others."""
    session = Session(bundle, name, CPU)
    given = dict(zip(session.inputs, inputs, strict=False))
    found: Array = session.run(given)[session.outputs[0]]
    return found
