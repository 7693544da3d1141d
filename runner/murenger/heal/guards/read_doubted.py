"""Guard read-doubted: nothing is healed from a read that was not read twice the same.

Input: a case with a second read. Output: a check, or a refusal.
"""

from murenger.dialects import count_rules, dialect, parse
from murenger.errors import ParseError
from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check, PeerIdentity, Snapshot, SnapshotKind


class ReadDoubtedGuard:
    """Refuses to heal from a read that is not whole, or that a second read over a new connection does not confirm.

    A read that has lost half its size or rules, or everything, is believed once the second read gives the same: then
    it is real drift, and healing it must work.
    """

    name = "read-doubted"

    def check(self, case: GuardCase) -> Check:
        """Return the digest that both reads have.

        Raises:
            GuardRefusedError: the read is not of the device's running configuration, does not parse, or the second one
                failed or differs.
        """
        cliff = self._cliff(case)
        second = case.read
        if second is None or second.snapshot is None:
            why = "was not made" if second is None else f"failed: {second.fault}"
            raise refused(self.name, case, f"the second read {why}", hint="the next check decides")
        if second.snapshot.digest != case.live.digest:
            raise refused(
                self.name,
                case,
                f"two reads differ: {case.live.digest}, then {second.snapshot.digest}",
                hint="live changes at the moment, or a read was not whole; the next check decides",
            )
        if second.snapshot.serial != case.live.serial:
            raise refused(self.name, case, "two reads came from two devices", hint="look at the device's address")
        observed = f"{second.snapshot.digest} over a new connection" + (f"; confirmed: {cliff}" if cliff else "")
        return passed(self.name, case, expected=case.live.digest, observed=observed)

    def _cliff(self, case: GuardCase) -> str:
        """Return how far live falls below golden, once it is a whole running configuration of this device."""
        live, device = case.live, case.device
        if live.device != device.name or live.platform != device.platform:
            raise refused(self.name, case, f"the read is of {live.device} ({live.platform})", hint="this is a defect")
        if live.kind is not SnapshotKind.RUNNING or live.identity is PeerIdentity.FILE:
            raise refused(self.name, case, "the read is not of what the device runs", hint="read the device itself")
        if live.digest != case.plan.drift.live_digest:
            raise refused(self.name, case, "the read is not the one that was compared", hint="make a new plan")
        try:
            return _fallen(_measures(live), _measures(case.golden.snapshot))
        except ParseError as exc:
            raise refused(self.name, case, f"the read does not parse: {exc.message}", hint=exc.hint) from exc


def _measures(snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
    known = dialect(snapshot.platform)
    size = len(snapshot.text.encode("utf-8"))
    return ("bytes", size), ("rules", count_rules(parse(snapshot.text, known), known))


def _fallen(live: tuple[tuple[str, int], ...], golden: tuple[tuple[str, int], ...]) -> str:
    """Return what of live is less than half of golden, for the record."""
    pairs = zip(live, golden, strict=True)
    return "; ".join(
        f"{now} {what} where golden has {wanted}" for (what, now), (_, wanted) in pairs if 2 * now < wanted
    )
