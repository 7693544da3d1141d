"""Runs one emulated switch: its API, its control socket and its files in one folder.

Input: a folder with `device.json`. Output: a listening eAPI, `ready.json` with its port, `console.sock` for the lab,
and `startup-config`, from which the next start boots.
"""

import asyncio
import dataclasses
import json
import os
import pathlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from murenger.lab import control
from murenger.lab.clock import LabClock
from murenger.lab.eos import initial, scenarios, settings
from murenger.lab.eos.device import Device, write_private
from murenger.lab.eos.server import EapiServer, tls_context

_READY_TIMEOUT_S = 10.0
_POLL_S = 0.05


class Emulator:
    """One emulated switch, from start to stop; also a context manager.

    Attributes:
        directory: its folder.
        device: the switch.
    """

    def __init__(self, directory: pathlib.Path, *, clock: LabClock | None = None) -> None:
        """Boot the switch; nothing listens yet.

        Args:
            directory: holds `device.json` and, after the first boot, `startup-config`.
            clock: the lab's clock; None makes one.

        Raises:
            ValueError: `device.json` is not usable.
            RefusedError: the startup configuration has a line that the device does not know.
            OSError: a file cannot be read or written.
        """
        self.directory = directory
        self._settings = settings.read(directory / "device.json")
        path = directory / "startup-config"
        is_first_boot = not path.exists()
        startup = initial.configuration(self._settings) if is_first_boot else path.read_text(encoding="utf-8")
        self.device = Device(startup=startup, startup_path=path, clock=clock)
        if is_first_boot:
            self.device.save_startup()
        self._server: EapiServer | None = None
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._problem: OSError | None = None
        self._operations: dict[str, Callable[[control.JsonObject], control.JsonObject]] = {
            "cli": self._cli,
            "scenario": self._scenario,
            "scenarios": self._scenarios,
            "advance": self._advance,
            "trace": self._trace,
            "fault": self._fault,
            "config": self._config,
        }

    @property
    def port(self) -> int:
        """Return the TCP port it listens on; 0 before `start`."""
        return 0 if self._server is None else int(self._server.server_port)

    @property
    def console(self) -> pathlib.Path:
        """Return the control socket's path."""
        return self.directory / "console.sock"

    def start(self) -> None:
        """Listen, then say so in `ready.json`.

        Raises:
            OSError: the port is taken, or a certificate is not usable.
        """
        # One left by a process that was killed would name a port that nobody listens on.
        (self.directory / "ready.json").unlink(missing_ok=True)
        context = tls_context(self._settings.certificate, self._settings.key)
        server = EapiServer((self._settings.address, self._settings.port), self.device, context)
        self._server = server
        self._spawn(lambda: server.serve_forever(poll_interval=_POLL_S))
        listening = threading.Event()
        self._spawn(lambda: asyncio.run(self._control(listening)))
        if not listening.wait(_READY_TIMEOUT_S) or self._problem is not None:
            self.stop()
            raise OSError(f"no control socket at {self.console}: {self._problem or 'not in time'}")
        write_private(self.directory / "ready.json", json.dumps({"port": self.port, "pid": os.getpid()}) + "\n")

    def stop(self) -> None:
        """Close everything that listens; safe to call twice."""
        (self.directory / "ready.json").unlink(missing_ok=True)
        if self._server is not None:
            self._server.stopping.set()
            self._server.shutdown()
            self._server.server_close()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._server = self._loop = None
        self.console.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _spawn(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        self._threads.append(thread)

    async def _control(self, listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping.clear()
        try:
            server = await control.serve_control(self.console, self._answer)
        except OSError as exc:
            self._problem = exc
            return
        finally:
            listening.set()
        await self._stopping.wait()
        server.close()

    async def _answer(self, request: control.JsonObject) -> control.JsonObject:
        operation = self._operations.get(str(request.get("op")))
        if operation is None:
            raise ValueError(f"no operation {request.get('op')}; there are: {', '.join(self._operations)}")
        return operation(request)

    def _cli(self, request: control.JsonObject) -> control.JsonObject:
        lines = request["lines"]
        typed = [str(line) for line in lines] if isinstance(lines, list) else str(lines).splitlines()
        return {"errors": list(scenarios.console(self.device, str(request["user"]), typed))}

    def _scenario(self, request: control.JsonObject) -> control.JsonObject:
        scenarios.play(self.device, str(request["name"]))
        return {}

    def _scenarios(self, _request: control.JsonObject) -> control.JsonObject:
        return {"scenarios": {name: scenario.summary for name, scenario in scenarios.SCENARIOS.items()}}

    def _advance(self, request: control.JsonObject) -> control.JsonObject:
        with self.device.lock:
            self.device.clock.advance(float(str(request["seconds"])))
            self.device.tick()
        return {}

    def _trace(self, _request: control.JsonObject) -> control.JsonObject:
        with self.device.lock:
            return {"trace": [dataclasses.asdict(entry) for entry in self.device.trace]}

    def _fault(self, request: control.JsonObject) -> control.JsonObject:
        replies = request.get("replies")
        if replies is not None and (not isinstance(replies, int) or replies < 1):
            raise ValueError("fault: replies must be a number from 1")
        with self.device.lock:
            self.device.faults.set(str(request["name"]), request.get("value"), replies=replies)
        return {}

    def _config(self, _request: control.JsonObject) -> control.JsonObject:
        with self.device.lock:
            self.device.tick()
            trial = self.device.sessions.trial
            return {
                "text": self.device.text(self.device.running, "show running-config"),
                "sessions": [{"name": one.name, "state": one.state.value} for one in self.device.sessions.all()],
                "pending": trial.session if trial else None,
                "struck": dict(self.device.faults.struck),
            }
