"""The contract of the port AnchorSink; every adapter passes it, against a real peer and against hostile ones."""

import contextlib
import datetime
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests import anchor_peers as peers

from murenger.adapters.anchors.git import GitSink
from murenger.adapters.anchors.rfc3161 import TimestampSink
from murenger.adapters.anchors.syslog import SyslogSink
from murenger.adapters.anchors.witness import WitnessSink
from murenger.adapters.clock import SystemClock
from murenger.adapters.git import initialise
from murenger.adapters.witness.key import load_witness_key, make_witness_key
from murenger.adapters.witness.memory import Memory, create_memory
from murenger.adapters.witness.rules import Witness
from murenger.adapters.witness.server import WitnessServer
from murenger.errors import AnchorError
from murenger.model import ReceiptKind
from murenger.ports import AnchorSink
from murenger.record.store import RECEIPT_FILE

NAME = "sink_1.a"
CLOCK = SystemClock()
TIMEOUT_S = 1.0
# A busy machine takes its time to start programs and to end them.
SLACK_S = 4.0


class Bench:
    """One kind of sink: with its real peer, and at any port of this machine."""

    kind: ReceiptKind
    held_elsewhere = True
    vouches_for_time = False
    needs_checkpoint = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def real(self) -> AbstractContextManager[AnchorSink]:
        """Start the real peer and return a sink that it serves."""
        raise NotImplementedError

    def at(self, port: int) -> AnchorSink:
        """Return a sink that expects its peer at a port, and has little patience."""
        raise NotImplementedError


class TimestampBench(Bench):
    """A time-stamping authority."""

    kind = ReceiptKind.TIMESTAMP
    vouches_for_time = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        authority = peers.Authority(folder / "authority")
        self.stamper = peers.Stamper(authority=authority, pair=authority.stamper())

    def sink(self, url: str, timeout_s: float) -> AnchorSink:
        return TimestampSink(NAME, url, roots=self.stamper.roots, clock=CLOCK, timeout_s=timeout_s)

    @contextlib.contextmanager
    def real(self) -> Iterator[AnchorSink]:
        with peers.http_peer(self.stamper.answer) as url:
            yield self.sink(url, 20)

    def at(self, port: int) -> AnchorSink:
        return self.sink(f"http://{peers.HOST}:{port}/", TIMEOUT_S)


class GitBench(Bench):
    """A branch of a repository."""

    kind = ReceiptKind.GIT

    def sink(self, repository: str, timeout_s: float) -> AnchorSink:
        work = self.folder / "work"
        return GitSink(NAME, repository, "anchors/site1", work=work, clock=CLOCK, timeout_s=timeout_s)

    @contextlib.contextmanager
    def real(self) -> Iterator[AnchorSink]:
        repository = self.folder / "remote"
        initialise(repository)
        yield self.sink(str(repository), 20)

    def at(self, port: int) -> AnchorSink:
        return self.sink(f"https://{peers.HOST}:{port}/evidence.git", TIMEOUT_S)


class SyslogBench(Bench):
    """A syslog receiver over TCP."""

    kind = ReceiptKind.SYSLOG
    held_elsewhere = False

    @contextlib.contextmanager
    def real(self) -> Iterator[AnchorSink]:
        with peers.tcp_peer(peers.SyslogReceiver().serve) as port:
            yield SyslogSink(NAME, peers.HOST, port, tls_ca=None, clock=CLOCK)

    def at(self, port: int) -> AnchorSink:
        return SyslogSink(NAME, peers.HOST, port, tls_ca=None, clock=CLOCK, timeout_s=TIMEOUT_S)


class TlsSyslogBench(SyslogBench):
    """A syslog receiver over TLS."""

    @contextlib.contextmanager
    def real(self) -> Iterator[AnchorSink]:
        authority = peers.Authority(self.folder / "authority")
        with peers.tcp_peer(peers.SyslogReceiver().serve, tls=authority.server()) as port:
            yield SyslogSink(NAME, peers.HOST, port, tls_ca=authority.root, clock=CLOCK)

    def at(self, port: int) -> AnchorSink:
        root = peers.Authority(self.folder / "authority").root
        return SyslogSink(NAME, peers.HOST, port, tls_ca=root, clock=CLOCK, timeout_s=TIMEOUT_S)


class WitnessBench(Bench):
    """A witness."""

    kind = ReceiptKind.WITNESS
    vouches_for_time = True
    needs_checkpoint = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.vkey = make_witness_key(folder / "witness.key", "witness.example.org/w1")

    def sink(self, port: int, timeout_s: float) -> AnchorSink:
        url = f"http://{peers.HOST}:{port}"
        log_vkey = LOG.key.verifier.vkey
        return WitnessSink(NAME, url, witness_key=self.vkey, log_vkey=log_vkey, clock=CLOCK, timeout_s=timeout_s)

    @contextlib.contextmanager
    def real(self) -> Iterator[AnchorSink]:
        key = load_witness_key(self.folder / "witness.key")
        create_memory(self.folder / "state", key.verifier)
        memory = Memory(self.folder / "state", key.verifier)
        witness = Witness(key, [LOG.key.verifier], memory=memory, clock=CLOCK)
        server = WitnessServer((peers.HOST, 0), witness, clock=CLOCK, log=lambda _: None)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield self.sink(server.port, 20)
        finally:
            server.stop()
            thread.join()
            memory.close()

    def at(self, port: int) -> AnchorSink:
        return self.sink(port, TIMEOUT_S)


BENCHES: dict[str, type[Bench]] = {
    "rfc3161": TimestampBench,
    "git": GitBench,
    "witness": WitnessBench,
    "syslog": SyslogBench,
    "syslog-tls": TlsSyslogBench,
}
LOG = peers.Log(6)


@pytest.fixture(params=list(BENCHES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return BENCHES[request.param](tmp_path)


@pytest.fixture
def sink(bench: Bench) -> Iterator[AnchorSink]:
    with bench.real() as real:
        yield real


def test_a_sink_is_called_what_it_is_called_in_the_settings(sink: AnchorSink) -> None:
    assert sink.name == NAME


def test_a_receipt_can_be_kept_and_says_whose_it_is(bench: Bench, sink: AnchorSink) -> None:
    receipt = LOG.submit(sink, 2)
    assert (receipt.sink, receipt.kind, receipt.sequence) == (NAME, bench.kind, 2)
    assert receipt.content
    assert RECEIPT_FILE.fullmatch(f"{receipt.sequence:09d}-{receipt.sink}.{receipt.kind.value}")
    assert receipt.held_elsewhere is bench.held_elsewhere


def test_only_a_sink_that_vouches_for_a_time_states_one(bench: Bench, sink: AnchorSink) -> None:
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    at = LOG.submit(sink, 2).at
    assert (at is not None) is bench.vouches_for_time
    if at is not None:
        assert at.utcoffset() == datetime.timedelta(0)
        assert before <= at <= datetime.datetime.now(datetime.UTC)


def test_heads_follow_one_another_and_the_same_may_come_twice(sink: AnchorSink) -> None:
    assert [LOG.submit(sink, number).sequence for number in (0, 1, 1, 4, 5)] == [0, 1, 1, 4, 5]


def test_a_head_without_a_checkpoint_is_anchored_unless_one_is_needed(bench: Bench, sink: AnchorSink) -> None:
    if bench.needs_checkpoint:
        with pytest.raises(AnchorError, match="no signed checkpoint"):
            LOG.submit(sink, 0, checkpoint="")
    else:
        assert [LOG.submit(sink, number, checkpoint="").sequence for number in (0, 3)] == [0, 3]


def test_the_state_is_one_printable_clause_and_changes_nothing(sink: AnchorSink) -> None:
    for _ in range(2):
        clause = sink.state()
        assert clause
        assert clause.isprintable()
    assert LOG.submit(sink, 0).sequence == 0


Ask = Callable[[AnchorSink], object]
ASKED: dict[str, Ask] = {"submit": lambda sink: LOG.submit(sink, 1), "state": lambda sink: sink.state()}


def failure_of(ask: Ask, sink: AnchorSink) -> str:
    """Return the one line that the failure is told in; it must come in time."""
    started = time.monotonic()
    with pytest.raises(AnchorError) as caught:
        ask(sink)
    assert time.monotonic() - started < TIMEOUT_S + SLACK_S
    said = str(caught.value)
    assert NAME in said
    assert said.isprintable()
    return said


@pytest.mark.parametrize("asked", list(ASKED))
def test_nobody_there_is_an_error(bench: Bench, asked: str) -> None:
    with peers.nobody() as port:
        failure_of(ASKED[asked], bench.at(port))


@pytest.mark.parametrize("serve", [peers.silent, peers.dripping, peers.garbage, peers.closing])
def test_a_peer_that_is_slow_talkative_or_gone_is_an_error_in_time(bench: Bench, serve: peers.Serve) -> None:
    with peers.tcp_peer(serve) as port:
        failure_of(ASKED["submit"], bench.at(port))


def test_a_name_that_does_not_exist_is_an_error() -> None:
    syslog = SyslogSink(NAME, "nowhere.invalid", 6514, tls_ca=None, clock=CLOCK, timeout_s=TIMEOUT_S)
    stamps = TimestampSink(NAME, "http://nowhere.invalid/", roots=Path("/none"), clock=CLOCK, timeout_s=TIMEOUT_S)
    for sink in (syslog, stamps):
        failure_of(ASKED["submit"], sink)


def test_a_sink_works_again_once_its_peer_does(bench: Bench) -> None:
    with peers.nobody() as port:
        failure_of(ASKED["submit"], bench.at(port))
    with bench.real() as sink:
        assert LOG.submit(sink, 1).sequence == 1
