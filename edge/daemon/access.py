"""Who may connect: the kernel's word about the other end, against the configuration."""

from __future__ import annotations

import array
import os
import pwd
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.config import Access
from edge.errors import Busy, NotAllowed

MAX_CLIENTS = 256
"""Connections at a time. One costs about 20 kB; more than this on a board is a runaway program."""
KEPT_FOR_OTHERS = 16
"""The last places: for root, the daemon's own user, and users who have no connection yet."""

_UCRED = struct.Struct("iII")  # unix(7): pid_t, uid_t, gid_t
_SO_PEERGROUPS = 59  # <asm-generic/socket.h>, Linux 4.13; Python has no name for it
_MAX_GROUPS = 256
"""Groups of a process that are asked for: 1,024 bytes, the most that Python's getsockopt takes."""


@dataclass(frozen=True)
class Peer:
    """Process, user and group that opened the other end."""

    pid: int
    uid: int
    gid: int
    others: frozenset[int] = frozenset()
    """The process's further groups, which a unit's SupplementaryGroups= may have given it."""

    @classmethod
    def of(cls, connected: socket.socket) -> Peer:
        raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        pid, uid, gid = _UCRED.unpack(raw)
        return cls(pid, uid, gid, _groups(connected))

    def groups(self) -> frozenset[int]:
        """List the groups of its process, and those that the system's files give its user."""
        own = self.others | {self.gid}
        try:
            name = pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return own
        return own | frozenset(os.getgrouplist(name, self.gid))


def _groups(connected: socket.socket) -> frozenset[int]:
    size = array.array("I").itemsize
    try:
        raw = connected.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MAX_GROUPS * size)
    except OSError:
        return (
            frozenset()
        )  # an older kernel, or more groups: the system's files have the last word
    return frozenset(array.array("I", raw))


@dataclass(frozen=True)
class Rules:
    """`access` with its names looked up, which is done at a load and a reload: a name that is gone
    by the time that somebody connects must not shut everybody out."""

    access: Access
    uids: frozenset[int]
    gids: frozenset[int]

    @classmethod
    def of(cls, access: Access) -> Rules:
        """Raises ValueError for a name that this machine does not know."""
        return cls(access, access.uids(), access.gids())

    def check_listed(self, peer: Peer) -> None:
        """Raises NotAllowed. The system's user database is asked only if a group decides."""
        if not (self.access.users or self.access.groups):
            return
        if peer.uid in {0, os.geteuid()} | self.uids:
            return
        if self.gids and (self.gids & (peer.others | {peer.gid}) or self.gids & peer.groups()):
            return
        raise NotAllowed(
            f"the user with the number {peer.uid} may not speak here",
            "Add the user to access.users in the file that edge config names, then: edge reload",
        )

    def check_places(self, peer: Peer, others: Sequence[Peer]) -> None:
        """Raises Busy if there is no room for this one beside `others`, which are connected."""
        same = sum(other.uid == peer.uid for other in others)
        favoured = not same or peer.uid in (0, os.geteuid())
        limit = MAX_CLIENTS if favoured else MAX_CLIENTS - KEPT_FOR_OTHERS
        if len(others) >= limit:
            raise Busy(
                f"{len(others)} clients are connected, which is the limit",
                "Close connections that are done.",
            )
        if same >= self.access.clients_per_user:
            raise Busy(
                f"{same} clients of the user with the number {peer.uid} are connected, which is "
                "the limit",
                "Close connections that are done, or raise access.clients_per_user.",
            )

    def check_utterances(self, peer: Peer, under_way: Iterable[Peer]) -> None:
        """Raises Busy if this peer's user has as many utterances under way as it may have;
        `under_way` has the peer of each."""
        limit = self.access.utterances_per_user
        if sum(other.uid == peer.uid for other in under_way) >= limit:
            raise Busy(
                f"{limit} utterances of the user with the number {peer.uid} are under way, which "
                "is the limit",
                "Wait for some to finish, or stop them: edge stop",
            )
