"""Programs that are run on demand, as `python -m tools.NAME`; none of them is a test."""
