"""The product, broken on purpose, so that the oracle must notice.

Input: a mutant's name. Output: a context in which the product has that defect.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from murenger.adapters.files.credentials import CredentialFiles, OpenedCredential
from murenger.adapters.files.ledger import FileLedger
from murenger.heal import apply
from murenger.heal.settle import Settled
from murenger.heal.tools import HealTools, Progress
from murenger.heal.verify import FRESH_READ, READ_AGAIN
from murenger.model import ChangeRecord, Check, Device, Digest, OutcomeVerdict, Plan
from murenger.record.reading import group_of, predicate_of, text_of
from murenger.record.recorder import Recorder
from murenger.record.settlement import Settlement
from murenger.wiring import settling
from murenger.wiring.settling import Settling

Patch = contextlib.AbstractContextManager[object]


def _confirms_unseen() -> Patch:
    """The change is confirmed without a look at it, before or after."""

    def sees(plan: Plan, tools: HealTools, progress: Progress) -> None:
        said = plan.expected_digest
        progress.after = said
        for name in (FRESH_READ, READ_AGAIN):
            check = Check(name=name, expected=said, observed=said, passed=True, at=tools.clock.now())
            progress.checks.append(check)

    return _all(
        mock.patch.object(apply, "verify", sees),
        mock.patch.object(apply, "_look_again", return_value=OutcomeVerdict.HEALED),
    )


def _settles_from_memory() -> Patch:
    """What a crash left open is called healed, and the device is not asked."""

    def settled(change: Any, **_: object) -> Settled:
        return Settled(verdict=OutcomeVerdict.HEALED, digest=change.before)

    return mock.patch.object(settling, "settle", settled)


def _skips_settling() -> Patch:
    """What a crash left open stays open."""
    return mock.patch.object(Settling, "settle_open", return_value=False)


def _alters_records() -> Patch:
    """Each record is touched up after it was signed."""
    whole = FileLedger.append

    @functools.wraps(whole)
    def altered(self: FileLedger, *asked: Any, **named: Any) -> Any:
        record = whole(self, *asked, **named)
        for path in self.folder.glob(f"days/*/records/*{record.sequence}.json"):
            path.write_bytes(path.read_bytes().replace(b"murenger", b"Murenger", 1))
        return record

    return mock.patch.object(FileLedger, "append", altered)


def _forgets_secrets() -> Patch:
    """What was typed to log in stands in the reason of an outcome."""
    said: list[str] = []
    opened = CredentialFiles.open

    @functools.wraps(opened)
    def overheard(self: CredentialFiles, device: Device) -> OpenedCredential:
        credential = opened(self, device)
        said.append(credential.password)
        return credential

    told = _ending(lambda ended, _: dataclasses.replace(ended, reason=f"{ended.reason} {said[-1]}"))
    return _all(mock.patch.object(CredentialFiles, "open", overheard), told)


def _calls_all_healed() -> Patch:
    """Every change is called healed, however it ended."""
    return _ending(lambda ended, _: dataclasses.replace(ended, verdict=OutcomeVerdict.HEALED))


def _tells_untruth() -> Patch:
    """What was read after a change is told as what was there before it."""

    def untrue(ended: Settlement, intent: ChangeRecord) -> Settlement:
        before = text_of(group_of(predicate_of(intent), "before"), "normalised_sha256")
        return dataclasses.replace(ended, after_digest=Digest(f"sha256:{before}"))

    return _ending(untrue)


def _tells_twice() -> Patch:
    """Each outcome is recorded twice."""
    whole = Recorder.settled

    @functools.wraps(whole)
    def twice(self: Recorder, *asked: Any, **named: Any) -> Any:
        whole(self, *asked, **named)
        return whole(self, *asked)

    return mock.patch.object(Recorder, "settled", twice)


def _tells_nothing() -> Patch:
    """No outcome is recorded."""
    return mock.patch.object(Recorder, "settled", return_value=None)


def _ending(change: Callable[[Settlement, ChangeRecord], Settlement]) -> Patch:
    whole = Recorder.settled

    @functools.wraps(whole)
    def changed(self: Recorder, ended: Settlement, intent: ChangeRecord, **named: Any) -> Any:
        return whole(self, change(ended, intent), intent, **named)

    return mock.patch.object(Recorder, "settled", changed)


@contextlib.contextmanager
def _all(*patches: Patch) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect.

    Attributes:
        make: returns the context in which the product has it.
        seed: where a search that begins there finds it soon, on leaf1.
    """

    make: Callable[[], Patch]
    seed: int


MUTANTS = {
    "confirms-unseen": Mutant(make=_confirms_unseen, seed=554),
    "settles-from-memory": Mutant(make=_settles_from_memory, seed=4),
    "skips-settling": Mutant(make=_skips_settling, seed=4),
    "alters-records": Mutant(make=_alters_records, seed=3),
    "forgets-secrets": Mutant(make=_forgets_secrets, seed=3),
    "calls-all-healed": Mutant(make=_calls_all_healed, seed=11),
    "tells-untruth": Mutant(make=_tells_untruth, seed=3),
    "tells-twice": Mutant(make=_tells_twice, seed=3),
    "tells-nothing": Mutant(make=_tells_nothing, seed=3),
}


@contextlib.contextmanager
def active(name: str) -> Iterator[None]:
    """Return a context in which a mutant is active; "" is none."""
    with MUTANTS[name].make() if name else contextlib.nullcontext():
        yield
