"""A wire that breaks on purpose: a TCP proxy between murenger and one device.

Input: the device's port, and at most a few `LinkFault` orders. Output: a port to connect to, and which orders struck.
It counts connections from 1 after each `arm`, and bytes from 0 in each direction of each of them.
"""

import asyncio
import collections
import dataclasses
import enum
import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

ADDRESS = "127.0.0.1"
START_LIMIT_S = 10.0
CONNECT_S = 2.0
_FLIPPED = 0x20


class Breakage(enum.Enum):
    """What happens at the chosen byte."""

    CUT = "link-cut"
    """Both sides see the connection end; what follows the byte is lost."""
    STALL = "link-stall"
    """Nothing passes any more, in either direction, until a time limit has passed; then it is cut."""
    TRUNCATE = "link-truncate"
    """This direction ends as if the sender had finished; the other goes on."""
    SWAP = "link-swap"
    """The next two stretches of bytes change places."""
    FLIP = "link-flip"
    """One bit of this byte is another."""


class Way(enum.Enum):
    """A direction."""

    TO_DEVICE = "to device"
    FROM_DEVICE = "from device"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LinkFault:
    """One order.

    Attributes:
        breakage: what happens.
        connection: on which connection, counted from 1.
        way: to bytes that go this way.
        at_byte: at which byte of them, >= 0.
    """

    breakage: Breakage
    connection: int
    way: Way
    at_byte: int


class Proxy:
    """A running proxy in a thread of its own; use it as a context manager.

    Args:
        target: the device's port on the loopback address.
        stall: called in the proxy's thread when a connection stalls; lets the time limit pass.
        stall_s: real seconds that a stall lasts, >= 0.

    Attributes:
        port: where it listens.
        struck: the breakages that happened since `arm`, in order.
    """

    def __init__(self, target: int, *, stall: Callable[[], None], stall_s: float = 0.0) -> None:
        self.target = target
        self.port = 0
        self.struck: list[Breakage] = []
        self.connections = 0
        self._stall = stall
        self._stall_s = stall_s
        self._orders: tuple[LinkFault, ...] = ()
        self._open: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            RuntimeError: it does not in time.
        """
        self._thread.start()
        if not self._ready.wait(START_LIMIT_S):
            raise RuntimeError("the proxy does not listen")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_LIMIT_S)

    def arm(self, orders: Sequence[LinkFault] = ()) -> None:
        """Take orders; earlier ones, and the connections of before, end."""
        done = threading.Event()

        def take() -> None:
            self._orders, self.struck, self.connections = tuple(orders), [], 0
            for link in tuple(self._open):
                link.close()
            done.set()

        self._loop.call_soon_threadsafe(take)
        if not done.wait(START_LIMIT_S):
            raise RuntimeError("the proxy does not answer")

    def calm(self) -> None:
        """Break nothing from here on; connections live on."""
        self._loop.call_soon_threadsafe(lambda: setattr(self, "_orders", ()))

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await self._loop.create_server(lambda: _Near(self), ADDRESS, 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        await self._stop.wait()
        server.close()
        for link in tuple(self._open):
            link.close()

    def connected(self, near: asyncio.Transport) -> "_Link":
        """Begin a connection; called by the listener."""
        self.connections += 1
        orders = [order for order in self._orders if order.connection == self.connections]
        link = _Link(self, near, orders)
        self._open.add(link)
        link.opening = self._loop.create_task(link.reach(self._loop, self.target))
        return link

    def ended(self, link: "_Link") -> None:
        """Forget a connection."""
        self._open.discard(link)

    def stalled(self, link: "_Link") -> None:
        """Let a stalled connection's time limit pass, then cut it."""
        self._stall()
        self._loop.call_later(self._stall_s, link.close)


class _Link:
    """One connection: two transports, and what is to break on it."""

    def __init__(self, proxy: Proxy, near: asyncio.Transport, orders: Sequence[LinkFault]) -> None:
        self._proxy = proxy
        self._near = near
        self._far: asyncio.Transport | None = None
        self._orders = list(orders)
        self._seen: collections.Counter[Way] = collections.Counter()
        self._early: list[bytes] = []
        self._ended_early = False
        self._held: dict[Way, bytes] = {}
        self._mute: set[Way] = set()
        self.opening: asyncio.Task[None] | None = None

    async def reach(self, loop: asyncio.AbstractEventLoop, port: int) -> None:
        """Connect to the device."""
        try:
            # Nothing between here and the loopback address can make this wait, and resolving names costs more than it.
            near_device = socket.create_connection((ADDRESS, port), timeout=CONNECT_S)
            far, _ = await loop.create_connection(lambda: _Far(self), sock=near_device)
        except OSError:
            self.close()
            return
        self._far = far
        if self._near.is_closing():
            far.close()
            return
        for data in self._early:
            self.passed(Way.TO_DEVICE, data)
        if self._ended_early:
            self.finished(Way.TO_DEVICE)

    def passed(self, way: Way, data: bytes) -> None:
        """Pass bytes on, or break."""
        if self._far is None:
            self._early.append(data)
            return
        if way in self._mute:
            return
        start = self._seen[way]
        self._seen[way] += len(data)
        if way in self._held:
            self._send(way, data + self._held.pop(way))
            return
        for order in self._orders:
            if order.way is way and start <= order.at_byte < start + len(data):
                self._orders.remove(order)
                self._proxy.struck.append(order.breakage)
                self._break(order, data, order.at_byte - start)
                return
        self._send(way, data)

    def _break(self, order: LinkFault, data: bytes, place: int) -> None:
        way = order.way
        if order.breakage is Breakage.FLIP:
            self._send(way, data[:place] + bytes([data[place] ^ _FLIPPED]) + data[place + 1 :])
        elif order.breakage is Breakage.SWAP:
            self._send(way, data[:place])
            rest = data[place:]
            if len(rest) > 1:
                middle = len(rest) // 2
                self._send(way, rest[middle:] + rest[:middle])
            else:
                self._held[way] = rest
        elif order.breakage is Breakage.CUT:
            self._send(way, data[:place])
            self.close()
        elif order.breakage is Breakage.TRUNCATE:
            self._send(way, data[:place])
            self.finished(way)
        else:
            self._send(way, data[:place])
            self._mute |= set(Way)
            self._proxy.stalled(self)

    def finished(self, way: Way) -> None:
        """Let this direction end as the sender ended it; when both have, the connection is over."""
        if self._far is None:
            self._ended_early = True
            return
        self._mute.add(way)
        target = self._far if way is Way.TO_DEVICE else self._near
        if self._mute == set(Way):
            self.close()
        elif target.can_write_eof() and not target.is_closing():
            target.write_eof()

    def _send(self, way: Way, data: bytes) -> None:
        target = self._far if way is Way.TO_DEVICE else self._near
        if target is not None and data and not target.is_closing():
            target.write(data)

    def close(self) -> None:
        """End both sides."""
        self._near.close()
        if self._far is not None:
            self._far.close()
        self._proxy.ended(self)


class _Near(asyncio.Protocol):
    """Murenger's side."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._link: _Link | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reach the device too."""
        assert isinstance(transport, asyncio.Transport)
        self._link = self._proxy.connected(transport)

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        assert self._link is not None
        self._link.passed(Way.TO_DEVICE, data)

    def eof_received(self) -> bool:
        """Pass the end on; the other direction goes on."""
        assert self._link is not None
        self._link.finished(Way.TO_DEVICE)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other side too."""
        del exc
        if self._link is not None:
            self._link.close()


class _Far(asyncio.Protocol):
    """The device's side."""

    def __init__(self, link: _Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self._link.passed(Way.FROM_DEVICE, data)

    def eof_received(self) -> bool:
        """Pass the end on; the other direction goes on."""
        self._link.finished(Way.FROM_DEVICE)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other side too."""
        del exc
        self._link.close()
