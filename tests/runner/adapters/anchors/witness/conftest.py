"""What the tests of the sink on a witness share: a log, the real service, and a witness that lies.

Input: nothing. Output: the fixtures `log`, `running` (serves a witness), `witness` (one that serves), `liar`, `sink_of`
(the sink on one of them) and `other_log` (a log of the same key whose records were changed, or of another key).
"""

import contextlib
import dataclasses
import datetime
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from murenger.adapters.anchors.witness import WitnessSink
from murenger.adapters.clock import SystemClock
from murenger.adapters.keys.log_key import LogKey
from murenger.adapters.witness.key import load_witness_key, make_witness_key
from murenger.adapters.witness.memory import Memory, create_memory
from murenger.adapters.witness.rules import Witness
from murenger.adapters.witness.server import WitnessServer
from murenger.model import AnchorHead
from murenger.ports import AnchorSink
from murenger.record.tree.checkpoint import Checkpoint
from murenger.record.tree.merkle import consistency_proof, leaf_hash, root_of
from murenger.record.tree.note import SignatureType, SignerKey, make_key, parse_note, parse_vkey

ORIGIN = "site1.fw.example.net"
CLOCK = SystemClock()


class Log:
    """A log with made-up records, which remembers what proofs it was asked for."""

    def __init__(self, key: SignerKey | None = None, tag: str = "") -> None:
        self.signer = key or make_key(ORIGIN, SignatureType.ED25519)
        self.records = [f"{tag if number > 4 else ''}{number}".encode() for number in range(40)]
        self.leaves = [leaf_hash(record) for record in self.records]
        self.asked: list[int] = []

    @property
    def vkey(self) -> str:
        return self.signer.verifier.vkey

    def head(self, size: int, **changes: object) -> AnchorHead:
        checkpoint = Checkpoint(origin=ORIGIN, size=size, root=root_of(self.leaves, size))
        head = AnchorHead(
            origin=ORIGIN,
            sequence=size - 1,
            sha256=hashlib.sha256(self.records[size - 1]).hexdigest(),
            size=size,
            root=checkpoint.root.hex(),
            checkpoint=LogKey(self.signer).sign(checkpoint),
            record=self.records[size - 1],
        )
        return dataclasses.replace(head, **changes)  # type: ignore[arg-type]  # the fields' types are known to the test

    def proof(self, size: int) -> Callable[[int], Sequence[bytes]]:
        def between(old: int) -> Sequence[bytes]:
            self.asked.append(old)
            return consistency_proof(self.leaves, old, size)

        return between

    def submit(self, sink: AnchorSink, size: int) -> bytes:
        return sink.submit(self.head(size), proof=self.proof(size)).content


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A witness that serves."""

    vkey: str
    url: str


@pytest.fixture
def log() -> Log:
    return Log()


@contextlib.contextmanager
def serve(folder: Path, vkey: str, tls: ssl.SSLContext | None = None) -> Iterator[Running]:
    """Serve a witness whose key and memory lie in a folder, which are made if they are not there."""
    key_file, state = folder / "witness.key", folder / "state"
    if not key_file.exists():
        make_witness_key(key_file, "witness.example.org/w1")
        create_memory(state, load_witness_key(key_file).verifier)
    key = load_witness_key(key_file)
    memory = Memory(state, key.verifier)
    witness = Witness(key, [parse_vkey(vkey)], memory=memory, clock=CLOCK)
    server = WitnessServer(("127.0.0.1", 0), witness, clock=CLOCK, log=lambda _: None, tls=tls)
    thread = threading.Thread(target=server.serve)
    thread.start()
    scheme = "https" if tls else "http"
    try:
        url = f"{scheme}://127.0.0.1:{server.port}"
        yield Running(vkey=key.verifier.vkey, url=url)
    finally:
        server.stop()
        thread.join()
        memory.close()


@pytest.fixture
def witness(tmp_path: Path, log: Log) -> Iterator[Running]:
    with serve(tmp_path, log.vkey) as served:
        yield served


@pytest.fixture
def running() -> Callable[..., contextlib.AbstractContextManager[Running]]:
    return serve


@pytest.fixture
def other_log() -> type[Log]:
    return Log


@pytest.fixture
def sink_of() -> Callable[..., WitnessSink]:
    """Give a function that returns the sink on a witness."""

    def make(witness: Running, log: Log, **changes: object) -> WitnessSink:
        arguments = {"witness_key": witness.vkey, "log_vkey": log.vkey, "clock": CLOCK, "timeout_s": 10.0, **changes}
        return WitnessSink("w1", witness.url, **arguments)  # type: ignore[arg-type]  # as above

    return make


class FalseWitness:
    """A server that says what it is told to say, as fast as it is told to."""

    def __init__(self) -> None:
        self.key = make_key("witness.example.org/w1", SignatureType.COSIGNATURE)
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []
        self.pause_s = 0.0
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def running(self) -> Running:
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        return Running(vkey=self.key.verifier.vkey, url=url)

    def say(self, status: int, body: bytes = b"", headers: str = "") -> None:
        """Prepare an answer."""
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.answers.append(head.encode() + body)

    def cosign(self, head: AnchorHead, key: SignerKey | None = None, at: datetime.datetime | None = None) -> bytes:
        """Return a cosignature line."""
        text = parse_note(head.checkpoint.encode()).text
        return (key or self.key).sign(text, at=at or CLOCK.now()).line.encode()

    def close(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(OSError):
                    self.requests.append(connection.recv(65536))
                    self._answer(connection, self.answers.pop(0) if self.answers else b"")

    def _answer(self, connection: socket.socket, content: bytes) -> None:
        if not self.pause_s:
            connection.sendall(content)
            return
        for byte in content:
            connection.sendall(bytes([byte]))
            if self._over.wait(self.pause_s):
                return


@pytest.fixture
def liar() -> Iterator[FalseWitness]:
    made = FalseWitness()
    yield made
    made.close()
