"""TCP probes from this host.

Input: a host and a port. Output: whether a connection comes about. Nothing is sent over it.
"""

import contextlib
import errno
import socket
import time

from murenger.model.probe import TcpProbe
from murenger.ports import Sighting

# What a closed port looks like from afar: a refusal, a router's or a filter's, or silence.
_CLOSED = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ECONNRESET})


def see_port(probe: TcpProbe) -> Sighting:
    """Try to connect to each address of the host in turn, within the probe's time."""
    deadline = time.monotonic() + probe.timeout_s
    try:
        found = socket.getaddrinfo(probe.host, probe.port, type=socket.SOCK_STREAM)
    except OSError as exc:
        return Sighting(passed=False, text=f"the name has no address: {exc.strerror or exc}")
    seen: list[str] = []
    for family, kind, protocol, _, address in found:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            # An address that was never tried proves nothing about the port.
            return Sighting(passed=False, text="; ".join((*seen, "no time was left for the other addresses")))
        fault = _connect(socket.socket(family, kind, protocol), address, left_s)
        if fault is None:
            return Sighting(passed=probe.is_open, text=f"open at {address[0]}")
        number, words = fault
        seen.append(f"{words} at {address[0]}")
        if number not in _CLOSED:
            return Sighting(passed=False, text="; ".join(seen))
    return Sighting(passed=not probe.is_open, text="closed: " + "; ".join(seen))


def _connect(connection: socket.socket, address: object, limit_s: float) -> tuple[int, str] | None:
    """Connect and close; return None if that succeeded, else the error's number and words."""
    with contextlib.closing(connection):
        connection.settimeout(limit_s)
        try:
            connection.connect(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        except TimeoutError:
            return errno.ETIMEDOUT, f"no answer in {limit_s:.1f} s"
        except OSError as exc:
            return exc.errno or 0, exc.strerror or type(exc).__name__
    return None
