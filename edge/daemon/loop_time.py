"""Time of the sockets' loop, shared among clients. Pure: seconds come in and go out."""

from __future__ import annotations

SLICE_S = 0.002
"""Seconds of work after which a connection rests; most messages cost a twentieth of this. One that
sends many requests at once shares them with those that rest already, so that a crowd of them has
used some 10 ms, and not 2 ms each, when all of it rests."""
REST = 3.0
"""Seconds of rest for each second of work, so that one client has a quarter of the loop."""
LONGEST_REST_S = 1.0
"""A connection comes to its next message at last, however many others rest too."""


class LoopTime:
    """Shares the loop among the connections that ask for much; they rest the longer, the more of
    them rest, so that all together they leave most of it to the others."""

    def __init__(self) -> None:
        self.resting = 0

    def rest_s(self, used_s: float, many: bool = False) -> float:
        """Tell how long a connection rests that has worked for so long since its last rest; 0 if
        it goes on. `many` is true if it sent more than one request at once."""
        if used_s < (SLICE_S / (1 + self.resting) if many else SLICE_S):
            return 0.0
        return min(LONGEST_REST_S, used_s * REST * (1 + self.resting))
