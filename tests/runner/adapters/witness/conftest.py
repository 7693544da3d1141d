"""What the tests of a witness share: a log of made-up leaves, and a witness that serves it.

Input: nothing. Output: the fixtures `log`, `clock`, `site` (a witness's key and memory) and `serving` (it, over HTTP).
"""

import contextlib
import dataclasses
import hashlib
import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from murenger.adapters.witness.key import load_witness_key, make_witness_key
from murenger.adapters.witness.memory import Memory, Step, create_memory, no_step
from murenger.adapters.witness.request import write_request
from murenger.adapters.witness.rules import Witness
from murenger.adapters.witness.server import WitnessServer
from murenger.lab.clock import LabClock
from murenger.record.tree.checkpoint import Checkpoint, sign_checkpoint
from murenger.record.tree.merkle import consistency_proof, leaf_hash, root_of
from murenger.record.tree.note import SignatureType, SignerKey, make_key


class Clock(LabClock):
    """A clock that runs with the machine's, and may step back as machines' clocks do."""

    def wait(self, seconds: float) -> None:
        self.advance(seconds)

    def step_back(self, seconds: float) -> None:
        self.offset_s -= seconds


class Log:
    """A log that can be asked for any request, honest or not."""

    def __init__(self, origin: str, tag: str = "") -> None:
        self.key: SignerKey = make_key(origin, SignatureType.ED25519)
        self.origin = origin
        self.leaves = [leaf_hash(f"{tag}{number}".encode()) for number in range(64)]

    @property
    def vkey(self) -> str:
        return self.key.verifier.vkey

    @property
    def hashed(self) -> str:
        return hashlib.sha256(self.origin.encode()).hexdigest()

    def forked(self, at: int) -> "Log":
        """Return a log with the same key and other leaves from `at` on."""
        fork = Log(self.origin)
        fork.key = self.key
        fork.leaves = [*self.leaves[:at], *(leaf_hash(b"forged" + leaf) for leaf in self.leaves[at:])]
        return fork

    def checkpoint(self, size: int, key: SignerKey | None = None) -> str:
        return sign_checkpoint(
            Checkpoint(origin=self.origin, size=size, root=root_of(self.leaves, size)), key or self.key
        )

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        return consistency_proof(self.leaves, old, new)

    def request(self, old: int, new: int) -> bytes:
        return write_request(old, self.proof(old, new), self.checkpoint(new).encode())


@dataclasses.dataclass(slots=True)
class Site:
    """A witness's key file and memory."""

    key_file: Path
    state: Path
    vkey: str
    clock: Clock

    @property
    def key(self) -> SignerKey:
        return load_witness_key(self.key_file)

    def file(self, log: Log) -> Path:
        return self.state / f"{log.hashed}.checkpoint"

    @contextlib.contextmanager
    def open(self, *logs: Log, at_step: Step = no_step) -> Iterator[Witness]:
        """Start the witness; end it as a process would end."""
        memory = Memory(self.state, self.key.verifier, at_step=at_step)
        try:
            yield Witness(self.key, [log.key.verifier for log in logs], memory=memory, clock=self.clock)
        finally:
            memory.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> Log:
    return Log("site1.fw.example.net")


@pytest.fixture
def other_log() -> Log:
    return Log("site2.fw.example.net", "other")


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Site:
    key_file, state = tmp_path / "witness.key", tmp_path / "state"
    vkey = make_witness_key(key_file, "witness.example.org/w1")
    create_memory(state, load_witness_key(key_file).verifier)
    return Site(key_file=key_file, state=state, vkey=vkey, clock=clock)


class Serving:
    """A witness that answers over HTTP in this process."""

    def __init__(self, server: WitnessServer, lines: list[str], context: ssl.SSLContext | None) -> None:
        self.server = server
        self.lines = lines
        self.context = context

    def connection(self, timeout_s: float = 10.0) -> http.client.HTTPConnection:
        if self.context is not None:
            return http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=timeout_s, context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout_s)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, str]:
        """Return status, body and media type of one request on a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body, headers={name.replace("_", "-"): v for name, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers["Content-Type"]
        finally:
            connection.close()

    def add(self, body: bytes) -> tuple[int, bytes, str]:
        return self.ask("POST", "/add-checkpoint", body)


@pytest.fixture
def serving(site: Site, log: Log) -> Iterator[Callable[..., Serving]]:
    """Give a function that serves the witness, and end it afterwards."""
    with contextlib.ExitStack() as stack:

        def start(
            *logs: Log, tls: ssl.SSLContext | None = None, trust: ssl.SSLContext | None = None, **limits: float
        ) -> Serving:
            lines: list[str] = []
            witness = stack.enter_context(site.open(*(logs or (log,))))
            server = WitnessServer(("127.0.0.1", 0), witness, clock=site.clock, tls=tls, log=lines.append, **limits)
            thread = threading.Thread(target=server.serve)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.stop)
            return Serving(server, lines, trust)

        yield start
