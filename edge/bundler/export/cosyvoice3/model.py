"""The official folder into our modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.bundler.export.cosyvoice3.checkpoint import build, fill, read_state
from edge.bundler.export.cosyvoice3.dimensions import Dimensions
from edge.bundler.export.cosyvoice3.flow import FlowFront, FlowStep
from edge.bundler.export.cosyvoice3.llm import Llm, Tables
from edge.bundler.export.cosyvoice3.vocoder import F0Predictor, SourceModule, Vocoder

_BACKBONE = "llm.model.model."
_TIED = "llm.model.lm_head.weight"
"""The text head: the same weights as the text table, never used."""


@dataclass(frozen=True)
class Model:
    """float32, but f0 float64; weights lie in the mapped files until they are used."""

    dimensions: Dimensions
    llm: Llm
    tables: Tables
    front: FlowFront
    step: FlowStep
    source: SourceModule
    f0: F0Predictor
    vocoder: Vocoder


def read_model(files: Mapping[str, Path], d: Dimensions) -> Model:
    """`files` by role: llm, flow, hift. Raises ExportFailed."""
    llm, tables = build(lambda: Llm(d.llm)), build(lambda: Tables(d.llm))
    state = read_state(files["llm"])
    state.pop(_TIED, None)
    short = {name.removeprefix(_BACKBONE): value for name, value in state.items()}
    fill([("", llm), ("", tables)], short, files["llm"])
    front, step = build(lambda: FlowFront(d.flow)), build(lambda: FlowStep(d.flow))
    fill([("", front), ("decoder.", step)], read_state(files["flow"]), files["flow"])
    source = build(lambda: SourceModule(d.vocoder.harmonics))
    f0, vocoder = build(lambda: F0Predictor(d.vocoder)), build(lambda: Vocoder(d.vocoder))
    modules = [("", vocoder), ("m_source.", source), ("f0_predictor.", f0)]
    fill(modules, read_state(files["hift"]), files["hift"])
    return Model(d, llm, tables, front, step, source, f0, vocoder)
