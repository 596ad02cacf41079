"""Speed and memory of a bundle's variants, and of other engines with the same voice.

measure.py drives engines, each in a process of its own (engine.py), turn by turn over a pipe.
tune.py chooses the variant that a board speaks with.
This module imports nothing: it is part of every measured process.
"""
