"""One pass over a bench with the product's own stages, without a site around it.

Input: a bench and the text that it should run. Output: snapshots, drifts, plans and outcomes.
"""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping

from tests.contracts.devices.benches import Bench

from murenger.adapters.clock import SystemClock
from murenger.adapters.engine import ChildAssessor
from murenger.adapters.napalm.connection import Connection
from murenger.compare import compare, steps
from murenger.dialects import dialect, expected_after
from murenger.heal import HealTools, heal, make_plan
from murenger.model import (
    Action,
    Decision,
    Device,
    Drift,
    Golden,
    Mode,
    Outcome,
    PeerIdentity,
    Plan,
    Policy,
    RawRead,
    Snapshot,
    SnapshotKind,
)
from murenger.observe import LastGood, canonical, observe
from murenger.ports import ConfigSource, Remediator
from murenger.secrets import Fingerprinter, fill, redact

FINGERPRINTER = Fingerprinter(bytes(range(32)))
ASSESSOR = ChildAssessor()
NOW = SystemClock().now()
# Listing twice doubles the time of a read, and every tenth read makes the point.
WITNESS_EVERY = 10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a device should run.

    Attributes:
        golden: the policy.
        secrets: its secrets by placeholder.
    """

    golden: Golden
    secrets: Mapping[str, str] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A plan and everything it takes to carry it out.

    Attributes:
        device: the device.
        drift: what is wrong.
        live: what it runs.
        plan: what will be done.
        tools: how.
        decision: on whose authority.
    """

    device: Device
    drift: Drift
    live: Snapshot
    plan: Plan
    tools: HealTools
    decision: Decision

    def heal(self) -> Outcome:
        """Carry the plan out."""
        return heal(self.device, self.plan, self.decision, self.tools, plan_sha256="0" * 64)


class OneConnection:
    """Port `ConfigSource` over one connection, so that hundreds of reads are affordable.

    Args:
        connection: an open connection.
        spoil: what happens to the first text, the second, and so on; the last one stays.
    """

    def __init__(self, connection: Connection, *spoil: Callable[[str], str]) -> None:
        self._connection = connection
        self._spoil = list(spoil) or [str]
        self._first = connection.read(SystemClock())
        self.count = 0

    def read(self, _device: Device) -> RawRead:
        """Read the running configuration again, with its second witness."""
        driver = self._connection.driver
        text = driver.get_config(retrieve="running")["running"]
        spoil = self._spoil[min(self.count, len(self._spoil) - 1)]
        self.count += 1
        count = None
        if self.count % WITNESS_EVERY == 1 and (list_json := getattr(driver, "list_json", None)):
            count = sum("rule" in item for item in json.loads(list_json())["nftables"])
        return dataclasses.replace(self._first, text=spoil(text), witness_rule_count=count)

    def canonicalise(self, _device: Device, text: str) -> str:
        """Return the text: these reads are canonical already."""
        return text


def seen(bench: Bench) -> Snapshot:
    """Read a device over a new connection, in canonical form."""
    return canonical(bench.read(), bench.device, FINGERPRINTER)[0]


def wanted(bench: Bench, text: str) -> Wanted:
    """Return a text as golden policy of a device.

    Args:
        bench: the device.
        text: as the device itself writes it, secrets in the clear.
    """
    raw = RawRead(
        text=text,
        platform=bench.platform,
        hostname=bench.name,
        taken_at=NOW,
        identity=PeerIdentity.FILE,
        driver="file",
    )
    snapshot, secrets = canonical(raw, bench.device, FINGERPRINTER, SnapshotKind.GOLDEN)
    golden = Golden(
        snapshot=snapshot,
        repository="golden",
        path=f"{bench.name}.conf",
        revision="0" * 40,
        approved_by="alice@example.net",
        key_fingerprint="SHA256:none",
        approved_at=NOW,
    )
    return Wanted(golden=golden, secrets=secrets)


def trial(
    bench: Bench,
    text: str,
    *,
    revert_in_s: int | None = None,
    remediator: Remediator | None = None,
    source: ConfigSource | None = None,
) -> Trial:
    """Make the plan that brings a device to a text.

    Args:
        bench: the device.
        text: as for `wanted`.
        revert_in_s: seconds; the bench's shortest if None.
        remediator: the bench's own if None.
        source: the bench's own if None.
    """
    device, want = bench.device, wanted(bench, text)
    reads = source or bench.source()
    last_good = LastGood.of(want.golden.snapshot)
    found = observe(device, reads, FINGERPRINTER, last_good)
    live, known = found.snapshot, dialect(device.platform)
    drift = compare(want.golden.snapshot, live, detected_at=live.taken_at)
    revert_in_s = revert_in_s or bench.short_s
    policy = Policy(name="contract", devices=(device.name,), mode=Mode.HEAL, revert_in_s=revert_in_s)
    decision = Decision(
        device=device.name,
        action=Action.HEAL,
        mode=Mode.HEAL,
        reasons=("contract",),
        policy=policy,
        decided_at=NOW,
    )
    used = remediator or bench.remediator()
    expected = expected_after(want.golden.snapshot.text, live.text, known)
    promised = dataclasses.replace(live, kind=SnapshotKind.GOLDEN, text=expected)
    plan = make_plan(
        drift=drift,
        live=live,
        golden=want.golden,
        candidate=want.golden.snapshot.text,
        expected=expected,
        steps=steps(live, promised),
        decision=decision,
        safety_net=used.safety_net(device, revert_in_s=revert_in_s),
        now=SystemClock().now(),
    )
    secrets = {**want.secrets, **found.values}
    tools = HealTools(
        remediator=used,
        observe=lambda: observe(device, reads, FINGERPRINTER, LastGood.of(live)).snapshot,
        canonical=lambda raw: canonical(raw, device, FINGERPRINTER)[0],
        agrees=lambda after: compare(promised, after, detected_at=after.taken_at).in_sync,
        impact=lambda after: ASSESSOR.assess(device.platform, golden=promised.text, live=after.text),
        fill=lambda candidate: fill(candidate, secrets, known),
        redact=lambda told: redact(told, secrets.values()),
        clock=bench.clock,
    )
    return Trial(device=device, drift=drift, live=live, plan=plan, tools=tools, decision=decision)


@contextlib.contextmanager
def faulty(bench: Bench, name: str, value: object) -> Iterator[None]:
    """Switch a fault of an emulator on for the length of the block."""
    bench.fault(name, value)
    try:
        yield
    finally:
        bench.fault(name, None)
