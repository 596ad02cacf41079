"""The words between systemd and a service: a socket handed over, ready, alive, stopping.

The protocol of sd_notify(3) and sd_listen_fds(3), which is a datagram and three variables. Where
systemd did not start the daemon, every function here does nothing.
"""

from __future__ import annotations

import os
import socket
import stat

from edge.errors import SocketInUse

FIRST_FD = 3  # SD_LISTEN_FDS_START


def notify(*states: str) -> None:
    """Tell the service manager, as in notify("READY=1", "STATUS=..."); never waits."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract one
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.setblocking(False)
        try:
            sender.sendto("\n".join(states).encode(), address)
        except OSError:
            return  # a manager that does not listen is no reason to fall silent


def listens() -> bool:
    """Tell whether a service manager started the daemon and wants to hear how it is."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def given_socket(unit: str) -> socket.socket | None:
    """Take the listening socket that systemd opened for us, once; None if it opened none.

    The variables are taken away, so that no child believes the socket to be its own.
    Raises SocketInUse, naming the `unit`, if what was handed over is not one socket.
    """
    pid, count = (os.environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS"))
    os.environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()):
        return None
    if count != "1" or not stat.S_ISSOCK(os.fstat(FIRST_FD).st_mode):
        raise SocketInUse(
            f"systemd handed over {count or 'no'} sockets; one is needed",
            f"Keep one ListenStream= in {unit}: systemctl cat {unit}",
        )
    os.set_inheritable(FIRST_FD, False)
    listener = socket.socket(fileno=FIRST_FD)
    listener.setblocking(False)
    return listener


def watchdog_s() -> float | None:
    """Seconds after which the manager wants a sign of life; None if it wants none."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
