"""The wire breaks where it is told to, and nowhere else."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from tests.faults.proxy import ADDRESS, Breakage, LinkFault, Proxy, Way

TEXT = bytes(range(65, 91)) * 10


@contextlib.contextmanager
def echo() -> Iterator[int]:
    """Answer with what is sent, and end when the other side has ended."""
    with socket.create_server((ADDRESS, 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    link, _ = server.accept()
                    with link, contextlib.suppress(OSError):
                        while data := link.recv(4096):
                            link.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


def through(port: int) -> bytes:
    """Return what comes back until the end."""
    with socket.create_connection((ADDRESS, port), timeout=10) as link:
        link.sendall(TEXT)
        link.shutdown(socket.SHUT_WR)
        back = b""
        with contextlib.suppress(OSError):
            while data := link.recv(4096):
                back += data
        return back


def order(breakage: Breakage, *, way: Way = Way.FROM_DEVICE, connection: int = 1, at_byte: int = 100) -> LinkFault:
    """Return an order."""
    return LinkFault(breakage=breakage, connection=connection, way=way, at_byte=at_byte)


@pytest.mark.parametrize(
    ("breakage", "expected"),
    [
        (Breakage.CUT, TEXT[:100]),
        (Breakage.TRUNCATE, TEXT[:100]),
        (Breakage.STALL, TEXT[:100]),
        (Breakage.FLIP, TEXT[:100] + bytes([TEXT[100] ^ 0x20]) + TEXT[101:]),
        (Breakage.SWAP, TEXT[:100] + TEXT[180:] + TEXT[100:180]),
    ],
)
def test_each_breakage_happens_at_its_byte_of_its_connection(breakage: Breakage, expected: bytes) -> None:
    stalled = threading.Event()
    with echo() as port, Proxy(port, stall=stalled.set) as proxy:
        proxy.arm([order(breakage, connection=2)])
        assert whole(proxy.port) == TEXT
        assert through(proxy.port) == expected
        assert whole(proxy.port) == TEXT
        assert proxy.struck == [breakage]
        assert stalled.is_set() is (breakage is Breakage.STALL)


def test_an_order_that_is_never_reached_does_not_count_as_struck() -> None:
    with echo() as port, Proxy(port, stall=lambda: None) as proxy:
        proxy.arm([order(Breakage.CUT, at_byte=10_000), order(Breakage.CUT, connection=7)])
        assert whole(proxy.port) == TEXT
        assert proxy.struck == []


def test_once_calm_nothing_breaks_any_more() -> None:
    with echo() as port, Proxy(port, stall=lambda: None) as proxy:
        proxy.arm([order(Breakage.CUT, connection=1)])
        proxy.calm()
        proxy.arm([])
        assert whole(proxy.port) == TEXT


def whole(port: int) -> bytes:
    """Return what comes back of a text that is sent without ending first."""
    with socket.create_connection((ADDRESS, port), timeout=10) as link:
        link.sendall(TEXT)
        back = b""
        while len(back) < len(TEXT) and (data := link.recv(4096)):
            back += data
        return back
