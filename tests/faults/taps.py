"""Moments: what a pass has just done, told by name, so that faults can strike at a chosen one.

Input: ports as the product wired them. Output: the same ports, which announce each thing that they do.
"""

import collections
import contextlib
import pathlib
from collections.abc import Callable, Iterator, Sequence

from murenger.adapters.files.ledger import FileLedger
from murenger.adapters.napalm import NapalmSource
from murenger.heal import Step
from murenger.model import ChangeRecord, Device, RawRead
from murenger.ports import Signer

Strike = Callable[[], None]


class Moments:
    """Counts what happens, and lets what is due at the n-th of a kind happen there.

    Attributes:
        seen: how often each moment has come.
        sequence: number of the record that was written last.
    """

    def __init__(self) -> None:
        self.sequence = -1
        self.seen: collections.Counter[str] = collections.Counter()
        self._due: dict[tuple[str, int], list[Strike]] = {}
        self._always: dict[str, Strike] = {}
        self._later: list[tuple[int, Strike]] = []
        self._count = 0
        self._quiet = 0

    def reset(self) -> None:
        """Forget everything."""
        self.seen.clear()
        self._due.clear()
        self._later.clear()
        self._count = 0

    def at(self, moment: str, nth: int, strike: Strike) -> None:
        """Have something done when a moment comes for the n-th time, counted from 1."""
        self._due.setdefault((moment, nth), []).append(strike)

    def after(self, count: int, end: Strike) -> None:
        """Have something done when so many more moments have come, whichever."""
        self._later.append((self._count + count, end))

    def always(self, moment: str, note: Strike) -> None:
        """Have something done each time that a moment comes, before what is due there."""
        self._always[moment] = note

    def disarm(self) -> None:
        """Let nothing more strike; notes are taken still."""
        self._due.clear()
        self._later.clear()

    def fire(self, moment: str) -> None:
        """Say that a moment has come."""
        if moment in self._always:
            self._always[moment]()
        if self._quiet:
            return
        self.seen[moment] += 1
        if moment != "disk":
            self._count += 1
            due = [end for count, end in self._later if count <= self._count]
            self._later = [(count, end) for count, end in self._later if count > self._count]
            for end in due:
                end()
        for strike in self._due.pop((moment, self.seen[moment]), ()):
            strike()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Return a context in which moments count for nobody: another runner's."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def step(self, step: Step) -> None:
        """Take a step of a heal for a moment."""
        self.fire(f"step.{step.name.lower().replace('_', '-')}")


class TappedSource:
    """Port `ConfigSource` that announces `read.begins` and `read.ended`.

    Args:
        source: the product's own.
        moments: what is told.
    """

    def __init__(self, source: NapalmSource, moments: Moments) -> None:
        self._source = source
        self._moments = moments

    def read(self, device: Device) -> RawRead:
        """Read a device."""
        self._moments.fire("read.begins")
        raw = self._source.read(device)
        self._moments.fire("read.ended")
        return raw

    def canonicalise(self, device: Device, text: str) -> str:
        """Ask the device how it lists a text."""
        return self._source.canonicalise(device, text)


class TappedLedger(FileLedger):
    """The ledger, which announces `<kind>.begins` and `<kind>.recorded`, and each step of writing as `disk`.

    Args:
        root: the store.
        origin: name of the log.
        signer: signs each record.
        moments: what is told.
    """

    def __init__(self, root: pathlib.Path, *, origin: str, signer: Signer, moments: Moments) -> None:
        super().__init__(root, origin=origin, signer=signer, at_step=lambda _: moments.fire("disk"))
        self._moments = moments

    def append(
        self, build: Callable[[int, str], bytes], *, documents: Sequence[tuple[bytes, str]] = ()
    ) -> ChangeRecord:
        """Append a record."""
        self._moments.fire("record.begins")
        record = super().append(build, documents=documents)
        self._moments.sequence = record.sequence
        self._moments.fire(f"recorded.{record.kind.value}")
        return record
