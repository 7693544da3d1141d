"""Runs an emulated SRX in a thread of this process, for tests that need no process of its own.

Input: a device folder with `device.json`. Output: a running emulator, and short ways to ask its control socket.
"""

import asyncio
import pathlib
import threading
from types import TracebackType
from typing import Self

from murenger.lab.control import JsonObject, ask
from murenger.lab.junos.emulator import Emulator

START_LIMIT_S = 30.0


class EmulatorThread:
    """A running emulator; use it as a context manager.

    Attributes:
        folder: the device folder.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._emulator: Emulator | None = None
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"junos-{folder.name}", daemon=True)

    def __enter__(self) -> Self:
        """Start, and wait until the emulator listens.

        Raises:
            RuntimeError: it did not come up; the cause says why.
        """
        self._thread.start()
        if not self._ready.wait(START_LIMIT_S) or self._failure is not None:
            raise RuntimeError(f"the emulator in {self.folder.name} did not come up") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait until everything is closed."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_LIMIT_S)

    @property
    def port(self) -> int:
        """TCP port it listens on."""
        return self._emulator.port if self._emulator else 0

    @property
    def connections(self) -> int:
        """How many SSH connections are open."""
        return self._emulator.connections if self._emulator else 0

    def ask(self, operation: str, **arguments: object) -> JsonObject:
        """Send one control request.

        Raises:
            ValueError: the emulator refused it.
        """
        return ask(self.folder / "console.sock", {"op": operation, **arguments})

    def type(self, *lines: str, user: str = "mallory") -> None:
        """Type lines at the console."""
        self.ask("cli", user=user, lines=list(lines))

    def play(self, name: str) -> None:
        """Play a scenario."""
        self.ask("scenario", name=name)

    def fault(self, name: str, value: object) -> None:
        """Switch a fault; None switches it off."""
        self.ask("fault", name=name, value=value)

    def advance(self, seconds: float) -> None:
        """Push the device's clock forward."""
        self.ask("advance", seconds=seconds)

    @property
    def running(self) -> str:
        """The committed configuration, without its volatile header."""
        return str(self.ask("config")["text"])

    @property
    def candidate(self) -> str:
        """The shared candidate."""
        return str(self.ask("config")["candidate"])

    @property
    def lock_owner(self) -> str:
        """Who holds the lock; empty for nobody."""
        return str(self.ask("config")["lock"] or "")

    def operations(self) -> tuple[str, ...]:
        """Return the operations in the trace, oldest first."""
        trace = self.ask("trace")["trace"]
        return tuple(str(entry["operation"]) for entry in trace) if isinstance(trace, list) else ()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._live())
            except (OSError, ValueError) as exc:
                self._failure = exc
            finally:
                self._ready.set()

    async def _live(self) -> None:
        self._emulator = Emulator(self.folder)
        await self._emulator.start()
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            await self._emulator.stop()
