"""Measure how good, fast and large each variant is, and decide which are packed."""
