"""Brings one emulated SRX up and down and answers the lab's control socket.

Input: a device folder with `device.json`. Output: `ready.json`, a NETCONF listener and `console.sock` in that folder.
"""

import asyncio
import dataclasses
import json
import os
import pathlib
import signal
from collections.abc import Callable

from murenger.lab.clock import LabClock
from murenger.lab.control import JsonObject, serve_control
from murenger.lab.junos.console import Console
from murenger.lab.junos.datastore import parse
from murenger.lab.junos.device import Device, read_settings
from murenger.lab.junos.factory import first_configuration
from murenger.lab.junos.history import History
from murenger.lab.junos.render import render
from murenger.lab.junos.scenarios import DESCRIPTIONS, play
from murenger.lab.junos.server import NetconfServer


class Emulator:
    """One emulated SRX in its folder.

    Attributes:
        device: its state.
        port: TCP port it listens on; 0 until started.
    """

    def __init__(self, folder: pathlib.Path, clock: LabClock | None = None) -> None:
        """Read the folder; the first time, write the first configuration into it.

        Args:
            folder: the device folder.
            clock: the time the device believes in; its own when None.

        Raises:
            ValueError: `device.json` does not fit.
            OSError: the folder cannot be read or written.
        """
        self._folder = folder
        clock = clock or LabClock()
        settings = read_settings(folder)
        history = History(folder)
        if not history.commits:
            commit = history.new_commit(user="root", client="other", at=clock.now(), comment="", log="")
            history.record(commit, render(parse(first_configuration(settings))), None)
        self.device = Device(settings, history, clock)
        self.port = 0
        self._console = Console(self.device)
        self._server = NetconfServer(self.device)
        self._control: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many SSH connections are open."""
        return self._server.connections

    async def start(self) -> None:
        """Listen, then write `ready.json`.

        Raises:
            OSError: the address, the port or the control socket cannot be had.
        """
        self.device.arm()
        self.port = await self._server.start()
        self._control = await serve_control(self._folder / "console.sock", self._handle)
        ready = self._folder / "ready.json"
        scratch = ready.with_suffix(".new")
        scratch.write_text(json.dumps({"port": self.port, "pid": os.getpid()}), "utf-8")
        scratch.replace(ready)

    async def stop(self) -> None:
        """Stop listening, cut every session and remove `ready.json` and the control socket."""
        (self._folder / "ready.json").unlink(missing_ok=True)
        self.device.disarm()
        await self._server.stop()
        if self._control is not None:
            self._control.close()
        (self._folder / "console.sock").unlink(missing_ok=True)

    async def _handle(self, request: JsonObject) -> JsonObject:
        handlers: dict[str, Callable[[JsonObject], JsonObject]] = {
            "cli": self._cli,
            "scenario": self._scenario,
            "scenarios": lambda _request: {"scenarios": dict(DESCRIPTIONS)},
            "advance": self._advance,
            "trace": lambda _request: {"trace": [dataclasses.asdict(entry) for entry in self.device.trace]},
            "fault": self._fault,
            "config": self._config,
        }
        handler = handlers.get(str(request.get("op")))
        if handler is None:
            raise ValueError(f"unknown op {request.get('op')!r}; there are {', '.join(handlers)}")
        self.device.store.tick()
        return handler(request)

    def _cli(self, request: JsonObject) -> JsonObject:
        lines = request["lines"]
        if not isinstance(lines, list):
            raise ValueError("lines must be a list")  # noqa: TRY004 - the control socket maps ValueError to a reply
        return {"output": self._console.run(str(request["user"]), [str(line) for line in lines])}

    def _scenario(self, request: JsonObject) -> JsonObject:
        play(str(request["name"]), self.device, self._console)
        return {}

    def _advance(self, request: JsonObject) -> JsonObject:
        seconds = request["seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise ValueError("seconds must be a number")  # noqa: TRY004 - the control socket maps ValueError to a reply
        self.device.clock.advance(seconds)
        self.device.arm()
        return {"now": self.device.clock.now().isoformat()}

    def _fault(self, request: JsonObject) -> JsonObject:
        self.device.faults.switch(str(request["name"]), request.get("value"))
        return {"faults": dict(self.device.faults.values)}

    def _config(self, _request: JsonObject) -> JsonObject:
        store = self.device.store
        owner, pending = store.lock_owner, store.pending
        return {
            "text": render(store.running),
            "candidate": render(store.candidate),
            "lock": owner.user if owner else None,
            "pending": pending.revision if pending else None,
            "struck": dict(self.device.faults.struck),
        }


async def run(folder: pathlib.Path) -> None:
    """Run one emulator until SIGTERM or SIGINT.

    Args:
        folder: the device folder.

    Raises:
        ValueError: `device.json` does not fit.
        OSError: the folder, address or port cannot be had.
    """
    emulator = Emulator(folder)
    await emulator.start()
    try:
        await _terminated()
    finally:
        await emulator.stop()


async def _terminated() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
