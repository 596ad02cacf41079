"""Run a decoder on an NVIDIA GPU; no family speaks on the CPU through this folder."""
