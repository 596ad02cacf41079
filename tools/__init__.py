"""Programs that are run on demand and judged by eye; none of them is a test."""
