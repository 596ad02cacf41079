"""ARM without ARM hardware: see docs/arm.md."""
