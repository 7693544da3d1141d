"""A socket's bytes, none of which may come too late or be too many.

Input: a connected socket and how long everything may take. Output: a stream that ends in TimeoutError when time is up,
however slowly bytes dribble in.
"""

import io
import socket
from collections.abc import Callable


class BoundedReader(io.RawIOBase):
    """The reading side of a socket.

    Args:
        connection: the socket, plain or TLS.
        remaining_s: returns the seconds that are left; raises TimeoutError when none are.
    """

    def __init__(self, connection: socket.socket, remaining_s: Callable[[], float]) -> None:
        super().__init__()
        self._connection = connection
        self._remaining_s = remaining_s

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Buffer has a public name from 3.12 on
        """Read what there is, at most as much as fits, and return how much."""
        self._connection.settimeout(self._remaining_s())
        return self._connection.recv_into(buffer)
