"""Every parser, with inputs that grow towards what they have not run yet.

targets.py is the table; corpus.py says what is kept for each; hunt.py looks for more, on any
Python that the product runs on. `python -m tests.fuzz --help`.
"""
