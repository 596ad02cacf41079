"""Who may connect, and how many of whom."""

from __future__ import annotations

import pytest

from edge.config import Access
from edge.daemon.access import KEPT_FOR_OTHERS, MAX_CLIENTS, Peer, Rules
from edge.errors import Busy, NotAllowed


def test_the_last_places_are_for_others() -> None:
    one, other, root = Peer(1, 54_321, 0), Peer(1, 54_322, 0), Peer(1, 0, 0)
    rules = Rules.of(Access(clients_per_user=256))
    many = [one] * (MAX_CLIENTS - KEPT_FOR_OTHERS)
    with pytest.raises(Busy):
        rules.check_places(one, many)
    rules.check_places(other, many)
    rules.check_places(root, [*many, *[root] * (KEPT_FOR_OTHERS - 1)])
    with pytest.raises(Busy):
        rules.check_places(other, [*many, *[root] * KEPT_FOR_OTHERS])
    with pytest.raises(Busy, match="64 clients of the user"):
        Rules.of(Access()).check_places(one, [one] * 64)


def test_names_are_looked_up_at_a_load_and_groups_of_a_process_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = Rules.of(Access(users=("nobody",), groups=("daemon",)))

    def gone(*_: object) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwnam", gone)
    monkeypatch.setattr("grp.getgrnam", gone)
    monkeypatch.setattr("pwd.getpwuid", gone)
    [group] = rules.gids
    rules.check_listed(Peer(1, 54_321, 54_321, frozenset({group})))  # SupplementaryGroups=
    with pytest.raises(NotAllowed):
        rules.check_listed(Peer(1, 54_321, 54_321))
    monkeypatch.setattr("pwd.getpwuid", lambda _: pytest.fail("asked though nobody is listed"))
    Rules.of(Access()).check_listed(Peer(1, 54_321, 54_321))
