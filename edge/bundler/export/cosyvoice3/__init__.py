"""Family `cosyvoice3`: the released checkpoint as five graphs, two tables and their numbers.

The modules here that need torch are imported only when a checkpoint is exported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle import Variant
from edge.bundler.export.cosyvoice3 import assets
from edge.bundler.export.cosyvoice3.dimensions import read_dimensions
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.record import Exported
from edge.errors import ExportFailed, MissingPackage

EXPORTER = "cosyvoice3"
NOISE_FRAMES = 2000
"""Frames of the flow's fixed noise: 30 s of clip and 10 s of speech, at 50 frames a second."""
OFFICIAL_NOISE_FRAMES = 15_000
"""The released code draws so many for each mel band, one band after the other."""


def fixed_noise(mels: int) -> npt.NDArray[np.float32]:
    """Draw what the released code starts each flow from (mels, NOISE_FRAMES); it is in no file.

    torch.randn after torch.manual_seed(0): of 16 numbers of its Mersenne twister, eight are
    radiuses and eight angles. In float64, then rounded, for torch's own ends in other bits on
    other CPUs, by 2e-6 at most.
    """
    words = np.random.RandomState(0).bytes(4 * mels * OFFICIAL_NOISE_FRAMES)
    drawn = (np.frombuffer(words, "<u4") & 0xFFFFFF).reshape(-1, 2, 8) / float(1 << 24)
    radius, angle = np.sqrt(-2 * np.log1p(-drawn[:, 0])), 2 * np.pi * drawn[:, 1]
    noise = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)
    noise = noise.reshape(mels, OFFICIAL_NOISE_FRAMES)[:, :NOISE_FRAMES]
    return np.ascontiguousarray(noise, np.float32)


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    """Write the graphs llm, flow_front, flow_step, f0 and vocoder, and what goes with them.

    Every stage is tried, also after one has failed. Raises MissingPackage without the extra
    `cosyvoice3`, BadRecord and ExportFailed naming what does not fit, DiskFull.
    """
    try:
        import onnxscript  # noqa: F401  torch's exporter imports it late

        from edge.bundler.export.cosyvoice3 import graphs, parity
        from edge.bundler.export.cosyvoice3.model import read_model
    except ImportError as error:
        raise MissingPackage(
            f"a CosyVoice3 checkpoint is exported by torch: {error}",
            "In the clone of Edge Voice: python -m pip install '.[cosyvoice3]'",
        ) from None
    with log.stage("read", EXPORTER) as counts:
        counts.bytes = sum(path.stat().st_size for path in files.values())
        d = read_dimensions(files["config"], files["llm_config"])
        special = assets.special_tokens(files["vocab"], files["tokenizer_config"], d.llm.text_rows)
        assets.check_encoder(files["campplus"], {"input": (3, None)})
        feats: dict[str, tuple[int, int | None]] = {"feats": (3, 128), "feats_length": (1, None)}
        assets.check_encoder(files["speech_tokenizer"], feats)
        model = read_model(files, d)
    with log.stage("tables", EXPORTER):
        # float16: half of 545 MB, and a row's rounding is 5e-4 of it.
        text = model.tables.embed_tokens.weight.numpy().astype(np.float16)
        if not np.isfinite(text).all():
            raise ExportFailed(
                "embed_tokens holds a value above 65504", "Check where the weights come from."
            )
        np.save(folder / "text_embed.npy", text)
        np.save(folder / "speech_embed.npy", model.tables.speech_embedding.weight.numpy())
        np.save(folder / "noise.npy", fixed_noise(d.flow.mels))
        assets.copy_files(files, folder)
        linear = model.source.l_linear
        source = linear.weight[0].tolist(), float(linear.bias[0])
        described = assets.numbers(d, special, source)
        (folder / "config.json").write_text(json.dumps(described, indent=2), encoding="utf-8")
    failed: list[str] = []
    written: dict[str, str] = {}
    for stage in graphs.stages(model):
        path = folder / f"{stage.name}.onnx"
        try:
            graphs.write_graph(stage, path, log)
            with log.stage(f"{stage.name}: parity", EXPORTER):
                rows = parity.prove(stage, path, model)
                log.parity += rows
                if bad := parity.failures(rows):
                    raise ExportFailed("; ".join(bad), "Report it: this is our mistake.")
            written[stage.name] = path.name
        except ExportFailed as error:
            failed.append(error.message)
    if failed:
        raise ExportFailed(
            f"{len(failed)} of {len(failed) + len(written)} stages failed: {'; '.join(failed)}",
            "Report it with the export log.",
        )
    return Exported(d.vocoder.rate, (Variant("fp32", written),))
