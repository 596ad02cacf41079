"""Makes checkpoints of Pocket TTS with the official package, random, and what it computes of them.

They say nothing: their speech is noise. It needs `pip install pocket-tts==4.0.1 torch==2.13.0`,
which no other test does: what it makes of tiny models is kept (kept_pocket.py beside it), and of
the released sizes tools/pocket_parity.py asks it."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import safetensors.torch
import sentencepiece
import torch
import yaml
from pocket_tts.models.text_chunking import prepare_text_prompt, split_into_best_sentences
from pocket_tts.models.tts_model import TTSModel
from pocket_tts.modules.stateful_module import increment_steps, init_states
from pocket_tts.utils.config import CONFIGS_DIR, Config

from edge.bundler import corpus

Array = np.ndarray[Any, Any]
ROOT = Path(__file__).parents[2]


def released(name: str) -> dict[str, Any]:
    """Read the YAML of a released checkpoint, without the places of its weights."""
    config: dict[str, Any] = yaml.safe_load((CONFIGS_DIR / f"{name}.yaml").read_text())
    for key in ("weights_path", "weights_path_without_voice_cloning"):
        config.pop(key)
    return config


def tiny(name: str) -> dict[str, Any]:
    """Shrink a released structure to some 100,000 parameters; its kinds stay."""
    config = released(name)
    lm, mimi = config["flow_lm"], config["mimi"]
    grouped = lm["transformer"].get("num_kv_heads") is not None
    heads = {"num_heads": 4, "attn_dim": 64, "num_kv_heads": 2, "dim_feedforward": 40}
    lm["transformer"] |= {"d_model": 32, "num_layers": 2, "hidden_scale": 2}
    lm["transformer"] |= heads if grouped else {"num_heads": 2}
    lm["flow"] |= {"dim": 24, "depth": 2}
    lm["lookup_table"] |= {"dim": 32, "n_bins": 400}
    if lm["lookup_table"].get("rank"):
        lm["lookup_table"]["rank"] = 16
    if lm.get("z_dim"):
        lm["z_dim"] = 20
    for part in ("seanet", "decoder_seanet"):
        if part in mimi:
            mimi[part] |= {"dimension": 32, "n_filters": 4}
    for part in ("transformer", "decoder_transformer"):
        if part in mimi:
            mimi[part] |= {
                **{"d_model": 32, "input_dimension": 32, "output_dimensions": [32]},
                **{"num_heads": 2, "num_layers": 2, "dim_feedforward": 40, "context": 40},
            }
    mimi["outer_dim"] = mimi["quantizer"]["output_dimension"] = 32
    return config


def write_tokenizer(path: Path, pieces: int) -> None:
    """Train a tokenizer as the released ones are, on the texts of this repository."""
    texts = [*corpus.sentences("calibration", "en"), *corpus.sentences("evaluation", "en")]
    if pieces > 1000:
        pages = [*sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "edge").rglob("*.py"))]
        texts += [line[:2000] for page in pages for line in page.read_text().splitlines() if line]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(path.with_suffix("")),
        model_type="unigram",
        vocab_size=pieces,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        max_sentencepiece_length=6,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        byte_fallback=True,
        pad_id=3,
        minloglevel=2,
    )
    path.with_suffix(".vocab").unlink()


def write_json_tokenizer(model: Path, path: Path) -> None:
    """Convert a tokenizer to the form that the large models have."""
    import tokenizers
    from tokenizers import decoders, models, normalizers, pre_tokenizers

    pieces = sentencepiece.SentencePieceProcessor(str(model))
    vocabulary = [(pieces.id_to_piece(i), pieces.get_score(i)) for i in range(len(pieces))]
    made = tokenizers.Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=True))
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="never", split=False)
    made.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    made.save(str(path))


def write_checkpoint(folder: Path, config: dict[str, Any], seed: int = 0) -> TTSModel:
    """Write config.yaml, model.safetensors and the tokenizer into `folder`; return the model."""
    folder.mkdir(parents=True, exist_ok=True)
    config = copy.deepcopy(config)
    table = config["flow_lm"]["lookup_table"]
    write_tokenizer(folder / "tokenizer.model", table["n_bins"])
    place = folder / "tokenizer.model"
    if table["tokenizer"] != "sentencepiece":
        write_json_tokenizer(place, folder / "tokenizer.json")
        place.unlink()
        place = folder / "tokenizer.json"
    table["tokenizer_path"] = str(place)
    torch.manual_seed(seed)
    model = TTSModel._from_pydantic_config_with_weights(Config(**config), 0.3, 1, None, -1.0)
    with torch.no_grad():
        for name, value in (*model.named_parameters(), *model.named_buffers()):
            _move(name, value)
            value.copy_(value.bfloat16())  # so that the file holds what the model computes with
    state = {name: value.bfloat16().contiguous() for name, value in model.state_dict().items()}
    safetensors.torch.save_file(state, str(folder / "model.safetensors"))
    table["tokenizer_path"] = place.name
    (folder / "config.yaml").write_text(
        yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    )
    return model.eval()


def _move(name: str, value: torch.Tensor) -> None:
    """Move what is neutral at random off its place, or half of all mistakes go unseen; and keep
    closed loops from growing."""
    noise = torch.randn_like(value)
    if name == "flow_lm.out_eos.bias":
        value.fill_(-1.2)  # near the threshold, so that sentences end
    elif "norm" in name or "in_ln" in name or "alpha" in name or name.endswith("bias"):
        value += 0.1 * noise
    elif "layer_scale" in name:
        value.copy_(0.2 + 0.1 * noise)
    elif name.endswith("emb_std"):
        value.copy_(1 + 0.3 * noise.abs())
    elif name.endswith("emb_mean"):
        value.copy_(0.3 * noise)
    elif name.endswith("speaker_proj_weight"):
        value.copy_(noise / value.shape[1] ** 0.5)
    elif name.endswith(("input_linear.weight", "final_layer.linear.weight")):
        value /= 2


@torch.no_grad()
def compute(model: TTSModel, text: str, voice: int, frames: int, seed: int) -> dict[str, Array]:
    """What the official code computes of random inputs, frame by frame, each given what it should
    have been given: the language model, the decoder from sample to sample, the encoder."""
    random = np.random.default_rng(seed)

    def draw(*shape: int, scale: float = 1.0) -> Array:
        return (scale * random.standard_normal(shape)).astype(np.float32)

    lm = model.flow_lm
    inner = model.config.mimi.inner_dim or model.config.mimi.seanet.dimension
    ids = np.array(lm.conditioner.tokenizer.encode(text), np.int64)
    given = {
        "ids": ids,
        "voice": draw(voice, inner),
        "fed": draw(frames, 32, scale=0.7),
        "noise": draw(frames, 32, scale=0.3**0.5),
        "sound": np.round(25 * np.sin(np.cumsum(random.uniform(0.01, 0.3, 1920 * 16)))) / 128,
    }
    given["sound"] = given["sound"].astype(np.float32)
    made = _lm(model, given)
    latents = torch.from_numpy(given["fed"])[None]
    state = init_states(model.mimi, batch_size=1, sequence_length=16 * frames)
    parts = []
    for i in range(frames):
        one = latents[:, i : i + 1] * lm.emb_std + lm.emb_mean
        parts.append(model.mimi.decode_from_latent(one, state).clone())
        increment_steps(model.mimi, state, increment=16)
    made["audio"] = torch.cat(parts, dim=2)[0, 0].numpy()
    sound = torch.from_numpy(given["sound"])[None, None]
    made["encoded"] = model.mimi.encode_to_latent(sound)[0].numpy()
    return given | {f"made_{name}": value for name, value in made.items()}


def _lm(model: TTSModel, given: dict[str, Array]) -> dict[str, Array]:
    lm = model.flow_lm
    rows = len(given["ids"]) + len(given["voice"]) + len(given["fed"]) + 2
    state = init_states(lm, batch_size=1, sequence_length=rows)
    voice = torch.from_numpy(given["voice"])[None] @ lm.speaker_proj_weight.T
    if lm.insert_bos_before_voice:
        voice = torch.cat([lm.bos_before_voice, voice], dim=1)
    ids = torch.from_numpy(given["ids"])[None]
    logits: list[float] = []
    turned: list[tuple[torch.Tensor, torch.Tensor]] = []
    hooks = [
        lm.out_eos.register_forward_hook(lambda _, __, out: logits.append(float(out))),
        lm.transformer.rope.register_forward_hook(lambda _, __, out: turned.append(out)),
    ]
    unused = np.zeros((2, 32), np.float32)  # the two prompts draw noise of which nothing comes
    with _noise(np.concatenate([unused, given["noise"]])):
        model._run_flow_lm_and_increment_step(state, audio_conditioning=voice)
        model._run_flow_lm_and_increment_step(state, text_tokens=ids)
        fed = torch.full((1, 1, 32), float("nan"))
        latents = []
        for row in given["fed"]:
            latent, _ = model._run_flow_lm_and_increment_step(state, backbone_input_latents=fed)
            latents.append(latent[0, 0].numpy())
            fed = torch.from_numpy(row)[None, None]
    for hook in hooks:
        hook.remove()
    return {
        "latents": np.stack(latents),
        "eos": np.array(logits[2:], np.float32),
        "shares": _shares(lm, turned),
    }


def _shares(lm: Any, turned: list[tuple[torch.Tensor, torch.Tensor]]) -> Array:
    """How layer 1's head 1 shares its attention out among the rows of the text alone, by frame."""
    attention = lm.transformer.layers[1].self_attn
    passes = turned[1 :: len(lm.transformer.layers)]  # the rotation is shared by all layers
    kv_head = 1 // (attention.num_heads // attention.num_kv_heads)
    text = passes[1][1][0, :, kv_head].double()
    queries = torch.stack([q[0, 0, 1] for q, _ in passes[2:]]).double()
    scores = attention.dim_per_head**-0.5 * queries @ text.T
    found: Array = scores.softmax(dim=1).float().numpy()
    return found


def read(model: TTSModel, texts: Sequence[str]) -> list[Any]:
    """What the official code makes of texts: a text, and of each chunk what is read, its ids, and
    the frames behind its end."""
    how = (
        model.pad_with_spaces_for_short_inputs,
        model.remove_semicolons,
        model.append_terminal_punctuation,
        model.capitalize_first_letter,
        model.replace_characters,
    )
    tokenizer = model.flow_lm.conditioner.tokenizer
    found: list[Any] = []
    for text in texts:
        chunks = []
        for chunk in split_into_best_sentences(tokenizer, text, 50, *how):
            prepared, after = prepare_text_prompt(chunk, *how)
            chunks.append((prepared, tokenizer.encode(prepared), after + 2))
        found.append((text, chunks))
    return found


@contextlib.contextmanager
def _noise(rows: Array) -> Iterator[None]:
    """Let the official code draw these rows."""
    left = iter(rows)
    normal = torch.nn.init.normal_
    torch.nn.init.normal_ = lambda x, mean, std: x.copy_(torch.from_numpy(next(left))[None])
    try:
        yield
    finally:
        torch.nn.init.normal_ = normal
