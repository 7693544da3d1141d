"""Sinks of our own for a site: they hold what they are given, or fail as they are told."""

import dataclasses
import datetime
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from tests.notified import Told
from tests.notify_peers import Receiver, receiving

from murenger.errors import AnchorError
from murenger.model import AnchorHead, Receipt, ReceiptKind


@dataclasses.dataclass(slots=True)
class Sink:
    """Port `AnchorSink` in memory."""

    name: str
    kind: ReceiptKind = ReceiptKind.GIT
    held_elsewhere: bool = True
    error: Exception | None = None
    hangs: threading.Event | None = None
    heads: list[AnchorHead] = dataclasses.field(default_factory=list)
    asked: int = 0
    proved_from: int | None = None
    proofs: list[tuple[int, int, tuple[bytes, ...]]] = dataclasses.field(default_factory=list)
    on_submit: Callable[[AnchorHead], None] | None = None

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        self.asked += 1
        if self.on_submit is not None:
            self.on_submit(head)
        if self.hangs is not None:
            assert self.hangs.wait(60)
        if self.error is not None:
            raise self.error
        if self.heads:
            old = self.heads[-1].size
            self.proofs.append((old, head.size, tuple(proof(old))))
        self.heads.append(head)
        return Receipt(
            sink=self.name,
            kind=self.kind,
            sequence=head.sequence,
            content=f"{head.line}\n".encode(),
            at=None,
            held_elsewhere=self.held_elsewhere,
        )

    def state(self) -> str:
        if self.error is not None:
            raise AnchorError("down")
        return "ready"


class Anchored:
    """A bench whose murenger.yml names sinks, and sites opened on it whose sinks are ours."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.sinks: dict[str, Sink] = {}

    def configure(self, *names: str, policy: str = "before_change", timeout: str = "1s") -> None:
        listed = "".join(
            f"    - {{name: {name}, type: git, repository: evidence.git, branch: anchors}}\n" for name in names
        )
        with self.bench.config.open("a", encoding="utf-8") as file:
            file.write(f"anchors:\n  policy: {policy}\n  timeout: {timeout}\n  sinks:\n{listed}")
        self.sinks = {name: Sink(name) for name in names}

    def open(self) -> Any:
        site = self.bench.open()
        site.parts.sinks = tuple(self.sinks.values())
        return site

    def heal(self, site: Any | None = None) -> Any:
        """Carry out a new plan for leaf1."""
        site = site or self.open()
        (device,) = site.devices(("leaf1",))
        return site.remediate(device, site.plan(site.examine(device)).sha256)

    def advance(self, seconds: float) -> datetime.datetime:
        """Let time pass, for the site and its switch."""
        self.bench.switch.clock.advance(seconds)
        return self.bench.switch.clock.now()


@pytest.fixture
def anchored(bench: Any) -> Anchored:
    """Give a bench that can be anchored."""
    return Anchored(bench)


@pytest.fixture
def told(bench: Any) -> Iterator[Told]:
    """Give a site that tells a webhook receiver on loopback."""
    with receiving(Receiver()) as receiver:
        yield Told(bench, receiver)
