"""The conformance suite: every check once, on one device that is left as it was found.

Input: a device, its heal credential, time. Output: a verdict for each proof, and whether the device is as it was found.
"""

import dataclasses
import secrets
from collections.abc import Callable
from typing import Protocol

from murenger.adapters.napalm.conformance.changing import Atomic, Merge, Message, NativeDiff, Replace
from murenger.adapters.napalm.conformance.harmless import HarmlessChange, harmless
from murenger.adapters.napalm.conformance.neighbours import ForeignCandidate, Lock
from murenger.adapters.napalm.conformance.reading import WholeRead
from murenger.adapters.napalm.conformance.subject import NotProvedError, State, Subject
from murenger.adapters.napalm.conformance.way_back import CommitConfirm, ConfirmElsewhere, RevertBounds
from murenger.adapters.napalm.connection import Login, TimeLimits
from murenger.errors import GuardRefusedError, MurengerError, RollbackError
from murenger.model import Device
from murenger.model.capability import Capability, DriverProof, ProofName
from murenger.observe import canonical
from murenger.ports import Clock
from murenger.secrets import Fingerprinter, escape_for_terminal


class ConformanceCheck(Protocol):
    """One check."""

    @property
    def name(self) -> ProofName:
        """What it proves."""
        ...

    def run(self, subject: Subject) -> str:
        """Return what was seen; raise what stood in the way."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run is.

    Attributes:
        done: checks that have ended.
        total: checks in all.
        what: what is being done.
        left_s: seconds that are still waited for, or 0.
    """

    done: int
    total: int
    what: str
    left_s: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceRun:
    """How a run ended.

    Attributes:
        capability: what is proved, unsigned.
        stranded: why the device is not as it was found, or "".
        hint: what to do about that, or "".
    """

    capability: Capability
    stranded: str = ""
    hint: str = ""


class Conformance:
    """Tries one driver on one device.

    Args:
        device: the device; nobody else works on it, which the caller sees to by its lease.
        login: the heal credential.
        clock: the time, and the only way to wait.
        limits: time limits.
        golden: canonical golden text of the device where it also has parts that we do not manage; "" else.
        report: told of progress.
    """

    def __init__(
        self,
        *,
        device: Device,
        login: Login,
        clock: Clock,
        limits: TimeLimits,
        golden: str = "",
        report: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._device = device
        self._clock = clock
        self._report = report
        self._fingerprinter = Fingerprinter(secrets.token_bytes(32))
        self._proofs: dict[ProofName, DriverProof] = {}
        self._current = ProofName.WHOLE_READ
        self._found: State | None = None
        self._change: HarmlessChange = harmless(device.platform)
        self._subject = Subject(
            device=device,
            login=login,
            limits=limits,
            clock=clock,
            change=self._change,
            golden=golden,
            fingerprinter=self._fingerprinter,
            waiting=self._waiting,
        )

    def run(self) -> ConformanceRun:
        """Make every check, and bring the device back to what it ran.

        Raises:
            GuardRefusedError: somebody else's work is pending on the device; nothing was touched.
            ObserveError: the device cannot be reached, or is another.
        """
        driver, os_version = self._introduce()
        stranded, hint = "", ""
        try:
            self._try_all()
        except RollbackError as error:
            stranded, hint = error.message, error.hint
        except BaseException:
            # Interrupted: what we put into the device is taken out before we go.
            self._subject.home = self._found or self._subject.home
            self._subject.restore()
            raise
        return ConformanceRun(
            capability=Capability(
                driver=driver.partition(" ")[0],
                driver_version=driver.partition(" ")[2],
                platform=self._device.platform,
                os_version=os_version,
                device=self._device.name,
                proofs=tuple(self._proofs.get(name) or self._not_tried(name, stranded) for name in ProofName),
                made_at=self._clock.now().replace(microsecond=0),
            ),
            stranded=stranded,
            hint=hint,
        )

    def _introduce(self) -> tuple[str, str]:
        """Return driver and version as a read tells them, after refusing a device that somebody works on."""
        subject = self._subject
        with subject.connected(to_change=False) as connection:
            raw = connection.read(self._clock)
        snapshot, values = canonical(raw, self._device, self._fingerprinter)
        subject.home = State(snapshot=snapshot, values=values)
        try:
            with subject.remediator().open(self._device) as session:
                session.stage(subject.base)
        except GuardRefusedError:
            raise
        except MurengerError:
            # What the driver cannot do is what the checks are to find out.
            pass
        return raw.driver, raw.os_version

    def _try_all(self) -> None:
        """Make the checks in their order.

        Raises:
            RollbackError: the device could not be brought back after one of them.
        """
        if not self._tried(WholeRead()):
            # Without a read that can be trusted nobody could tell whether the device is as it was found.
            return
        found = self._found = self._subject.home
        confirmed = ConfirmElsewhere()
        for check in (NativeDiff(), Atomic(), Lock(), ForeignCandidate(), Message(), Merge(), Replace()):
            self._tried(check)
        # One wait serves both: while an unconfirmed commit is taken back, a confirmed one must stay.
        is_confirmed = self._tried(confirmed, is_over=False)
        reverts = self._tried(CommitConfirm())
        if is_confirmed:
            self._tried(confirmed, finish=True)
        self._subject.home = found
        self._subject.restore()
        if reverts:
            # A timer of the longest time is armed only where it can be undone.
            self._tried(RevertBounds())

    def _tried(self, check: ConformanceCheck, *, is_over: bool = True, finish: bool = False) -> bool:
        """Make one check, keep its verdict, and bring the device home.

        Args:
            check: the check.
            is_over: False for a check that must be finished later, if it succeeds: it is not proved until then.
            finish: whether it was begun before.
        """
        self._current = check.name
        self._waiting("", 0.0)
        run = check.finish if finish and isinstance(check, ConfirmElsewhere) else check.run
        try:
            reason, proved = run(self._subject), True
        except NotProvedError as error:
            reason, proved = str(error), False
        except Exception as exc:  # noqa: BLE001 - drivers let anything through, and what they say is the verdict
            reason, proved = self._subject.told(exc), False
        if proved and not is_over:
            return True
        self._proofs[check.name] = DriverProof(
            name=check.name,
            proved=proved,
            reason=escape_for_terminal(" ".join(reason.split())),
            at=self._clock.now().replace(microsecond=0),
        )
        if check.name is not ProofName.WHOLE_READ:
            self._subject.restore()
        return proved

    def _not_tried(self, name: ProofName, stranded: str) -> DriverProof:
        if stranded:
            why = "the device could not be brought back after another check"
        elif ProofName.COMMIT_CONFIRM in self._proofs:
            why = "commit-confirm is not proved"
        else:
            why = "whole-read is not proved"
        return DriverProof(
            name=name, proved=False, reason=f"not tried: {why}", at=self._clock.now().replace(microsecond=0)
        )

    def _waiting(self, what: str, left_s: float) -> None:
        told = f"{self._current.value}{f': waiting for {what}' if what else ''}"
        self._report(Progress(done=len(self._proofs), total=len(ProofName), what=told, left_s=left_s))
