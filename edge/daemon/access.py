"""Who may connect: the kernel's word about the other end, against the configuration."""

from __future__ import annotations

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

_UCRED = struct.Struct("iII")  # unix(7): pid_t, uid_t, gid_t


@dataclass(frozen=True)
class Peer:
    """Process, user and group that opened the other end."""

    pid: int
    uid: int
    gid: int

    @classmethod
    def of(cls, connected: socket.socket) -> Peer:
        raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return cls(*_UCRED.unpack(raw))

    def groups(self) -> frozenset[int]:
        """List its own group and those that the system's files give its user."""
        try:
            name = pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return frozenset({self.gid})
        return frozenset(os.getgrouplist(name, self.gid))


def admit(peer: Peer, access: Access, others: Sequence[Peer]) -> None:
    """Let a peer in beside `others`, which are connected already. Raises NotAllowed, Busy."""
    if len(others) >= MAX_CLIENTS:
        raise Busy(
            f"{MAX_CLIENTS} clients are connected, which is the limit",
            "Close connections that are done.",
        )
    listed = access.users or access.groups
    known = peer.uid in {0, os.geteuid()} | access.uids() or peer.groups() & access.gids()
    if listed and not known:
        raise NotAllowed(
            f"the user with the number {peer.uid} may not speak here",
            "Add the user to access.users in the file that edge config names, then: edge reload",
        )
    same = sum(other.uid == peer.uid for other in others)
    if same >= access.clients_per_user:
        raise Busy(
            f"{same} clients of the user with the number {peer.uid} are connected, which is the "
            "limit",
            "Close connections that are done, or raise access.clients_per_user.",
        )


def admit_more(peer: Peer, access: Access, under_way: Iterable[Peer]) -> None:
    """Let a peer have one more utterance; `under_way` has the peer of each. Raises Busy."""
    limit = access.utterances_per_user
    if sum(other.uid == peer.uid for other in under_way) >= limit:
        raise Busy(
            f"{limit} utterances of the user with the number {peer.uid} are under way, which is "
            "the limit",
            "Wait for some to finish, or stop them: edge stop",
        )
