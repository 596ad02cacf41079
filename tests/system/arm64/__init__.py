"""ARM without ARM hardware: see docs/design/arm.md."""
