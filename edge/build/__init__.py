"""Make bundles on a workstation: fetch, export, quantize, evaluate, pack."""
