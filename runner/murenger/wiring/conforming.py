"""Trying a driver at a site: on one device, under its lease, with the heal credential, signed with the runner's key.

Input: a device. Output: a capability file. No change record is written: nothing is changed that stays, and what the run
proves goes into the intent of every heal that relies on it.
"""

import dataclasses
import pathlib
from collections.abc import Callable

from murenger.adapters.napalm.conformance import Conformance, ConformanceRun, Progress
from murenger.dialects import dialect
from murenger.errors import GuardRefusedError
from murenger.model import Device
from murenger.wiring.desk import GoldenDesk
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a conformance run.

    Attributes:
        run: its verdicts, and whether the device is as it was found.
        path: the capability file.
    """

    run: ConformanceRun
    path: pathlib.Path


class Conforming:
    """Tries drivers.

    Args:
        parts: adapters.
        journal: the ledger; read only.
        desk: golden policy.
    """

    def __init__(self, parts: Parts, journal: Journal, desk: GoldenDesk) -> None:
        self._parts = parts
        self._journal = journal
        self._desk = desk

    def try_driver(self, device: Device, report: Callable[[Progress], None]) -> Tried:
        """Try the driver of a device, bring the device back, and keep the signed result.

        Args:
            device: it is changed for moments, harmlessly.
            report: told of progress.

        Raises:
            GuardRefusedError: somebody's work is pending on the device, or a change of ours has no outcome yet.
            LeaseHeldError: another process works on the device.
            SignatureError: the runner's key may not sign capability files; nothing was touched.
            CompareError: the device has parts that we do not manage, and no golden policy says which.
            ObserveError: the device cannot be reached, or is another.
            RollbackError: the run was broken off, and the device could not be brought back.
        """
        self._parts.capabilities.refuse_stranger(self._parts.signer)
        with self._parts.leases.hold(device.name):
            self._refuse_unsettled(device)
            run = Conformance(
                device=device,
                login=self._parts.heal_login(device),
                clock=self._parts.clock,
                limits=self._parts.limits,
                golden=self._managed(device),
                report=report,
            ).run()
        return Tried(run=run, path=self._parts.capabilities.save(run.capability, self._parts.signer))

    def _refuse_unsettled(self, device: Device) -> None:
        with self._journal.reading() as history:
            is_open = any(intent.device == device.name for intent in history.open_intents())
            held = history.held(device.name)
        if is_open or held is not None:
            raise GuardRefusedError(
                "a change of ours on this device has no proven end",
                device=device.name,
                hint=f"murenger heal {device.name} settles it, or a person looks",
            )

    def _managed(self, device: Device) -> str:
        """Return golden, which says what is ours, where the device also holds what is somebody else's."""
        if not dialect(device.platform).foreign_sections:
            return ""
        return self._desk.golden(device)[0].snapshot.text
