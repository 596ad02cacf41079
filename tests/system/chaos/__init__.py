"""A daemon under random requests and random faults, and what must hold all the same.

A seeded short form runs with the tests; on demand, for as long as one likes, with a stand-in for
the sound card or a real sound server:

    python -m tests.system.chaos --minutes 10 --seed 1 [--sound]
"""
