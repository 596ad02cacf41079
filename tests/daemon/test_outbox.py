"""Messages that wait for a client: their bytes and their number have limits."""

from __future__ import annotations

from edge.daemon.outbox import FULL_BYTES, MAX_BYTES, MAX_MESSAGES, Outbox


def test_an_outbox_counts_bytes_and_messages() -> None:
    outbox = Outbox()
    assert all(outbox.put(bytes(1 << 10)) for _ in range(FULL_BYTES >> 10)) and not outbox.is_full
    assert outbox.put(b"a") and outbox.is_full
    assert not outbox.put(bytes(MAX_BYTES))
    while outbox:
        outbox.take()
    assert outbox.bytes == 0 and not outbox.is_full
    assert outbox.put(bytes(MAX_BYTES), on_sent=lambda: None)
    assert not outbox.is_full, "sound is no answer: it comes by itself"
    few = Outbox()
    assert sum(few.put(b"") for _ in range(2 * MAX_MESSAGES)) == MAX_MESSAGES
