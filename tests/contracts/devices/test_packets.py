"""What a kernel lets through while it is healed: a thousand packets a second, each of a connection of its own.

Input: a firewall with a rule too many, and packets of services that golden and live both forbid, both permit, or live
alone permits. Output: none of the first kind arrives and none of the second is lost, however a heal ends.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.contracts.devices.passes import trial

from murenger.errors import GuardRefusedError, RemediationError
from murenger.lab import firewall
from murenger.lab.firewall import Flow, StreamCount
from murenger.model import OutcomeVerdict

DEVICES = ("fw1-userns", "fw1-netns") if os.environ.get("MURENGER_PROBE_S") else ("fw1-userns",)
PROBE_S = float(os.environ.get("MURENGER_PROBE_S", "0"))
# A little more than is asked for: a busy machine may take away a few.
RATE, LEAST_RATE = 1200.0, 1000.0

FORBIDDEN = (
    Flow(name="ssh to the card database", source="client", target="carddb", port=22, share=2),
    Flow(name="udp to the card database", source="client", target="carddb", protocol="udp", port=5432, share=2),
    Flow(name="echo to the card database", source="client", target="carddb", protocol="icmp", share=2),
    Flow(name="management to the card database", source="mgmt", target="carddb", port=5432, share=2),
    Flow(name="ssh to the web server", source="client", target="server", port=22, share=2),
    Flow(name="ssh to the web server over IPv6", source="client", target="server", port=22, version=6, share=2),
    Flow(name="middle of no connection", source="client", target="server", protocol="ack", port=8443, share=2),
    Flow(name="from the web server inwards", source="server", target="client", port=22, share=2),
)
PERMITTED = (
    Flow(name="web", source="client", target="server", port=443),
    Flow(name="web over IPv6", source="client", target="server", port=443, version=6),
    Flow(name="application", source="server", target="carddb", port=5432),
    Flow(name="echo", source="client", target="server", protocol="icmp"),
    Flow(name="echo over IPv6", source="client", target="server", protocol="icmp", version=6),
)
ROGUE = Flow(name="what the drift opened", source="client", target="carddb", port=5432)
FLOWS = (*FORBIDDEN, *PERMITTED, ROGUE)
BAD = "table inet murenger {\n\tchain forward {\n\t\ttcp dport nonsense accept\n\t}\n}\n"


@contextlib.contextmanager
def packets(bench: Any) -> Iterator[Callable[[], StreamCount]]:
    """Send packets for the length of the block; what it yields tells the count afterwards."""
    counts: list[StreamCount] = []
    stream = firewall.stream(bench.device_dir, FLOWS, rate=RATE)
    try:
        yield lambda: counts[0]
    finally:
        counts.append(stream.stop())


def arrived(count: StreamCount, flows: tuple[Flow, ...]) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the flows of which something arrived, and which packets."""
    return {flow.name: caught for flow in flows if (caught := count.flow(flow.name).caught)}


def lost(count: StreamCount, flows: tuple[Flow, ...]) -> dict[str, int]:
    """Return the flows of which something was lost, and how much."""
    return {flow.name: missing for flow in flows if (missing := count.flow(flow.name).lost)}


def check(count: StreamCount) -> None:
    """Hold a count against what both policies say, and the measurement against what it must be to mean something."""
    assert arrived(count, FORBIDDEN) == {}
    assert lost(count, PERMITTED) == {}
    assert count.overlooked == 0
    assert count.rate >= LEAST_RATE, f"only {count.rate:.0f} packets a second"


def refused_by_the_device(bench: Any, _golden: str) -> None:
    with pytest.raises(RemediationError), bench.remediator().open(bench.device) as session:
        session.stage(BAD)


def refused_because_live_changed(bench: Any, golden: str) -> None:
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        bench.type(*bench.harmless())
        with pytest.raises(GuardRefusedError):
            session.commit(message="contract", revert_in_s=60)


def rolled_back(bench: Any, golden: str) -> None:
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=60)


def reverted_by_the_timer(bench: Any, golden: str) -> None:
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        driver.compare_config()
        driver.commit_config(revert_in=1)
        bench.let_timer_fire(1)


def healed(bench: Any, golden: str) -> None:
    outcome = trial(bench, golden, revert_in_s=60).heal()
    assert outcome.verdict is OutcomeVerdict.HEALED, (outcome.reason, outcome.checks)


ENDS = (refused_by_the_device, refused_because_live_changed, rolled_back, reverted_by_the_timer, healed)


def round_of_heals(bench: Any, golden: str) -> None:
    """Open the card database behind the product's back, and end one heal in each way; the last one closes it."""
    bench.play(bench.rogue)
    for end in ENDS:
        end(bench, golden)


def test_no_packet_passes_that_golden_and_live_both_forbid(bench: Any) -> None:
    golden = bench.read().text
    ends = time.monotonic() + PROBE_S
    held = firewall.hold(bench.device_dir, target="server", port=443)
    with packets(bench) as counted:
        rounds = 0
        while rounds == 0 or time.monotonic() < ends:
            round_of_heals(bench, golden)
            rounds += 1
    check(counted())
    report(counted(), rounds)
    # The probe saw both policies at work: what only live permits came through until it was healed.
    rogue = counted().flow(ROGUE.name)
    assert 0 < rogue.arrived < rogue.sent
    assert len(rogue.caught) >= rounds
    assert held.is_alive(), "a connection that both permit goes on"
    held.release()


def report(count: StreamCount, rounds: int) -> None:
    """Say how much was tried; shown with `-s`."""
    forbidden = sum(count.flow(flow.name).sent for flow in FORBIDDEN)
    permitted = sum(count.flow(flow.name).sent for flow in PERMITTED)
    print(  # noqa: T201 - the long run is for its numbers
        f"\n{count.sent} packets in {count.elapsed_s:.0f} s, {count.rate:.0f} a second, longest gap "
        f"{count.longest_gap_s * 1000:.0f} ms; {rounds} rounds of {len(ENDS)} heals; {forbidden} forbidden by both, "
        f"{permitted} permitted by both"
    )


# Deliberately wrong ways to replace the rules, each of which leaves a moment without them.
CARELESS = {
    "delete, then load": "nft delete table inet murenger; nft -f -",
    "flush, then load": "nft flush ruleset; nft -f -",
    "accept, then load": "nft chain inet murenger forward '{ policy accept; }'; nft -f -",
}
TRIES = 10


@pytest.mark.parametrize("how", CARELESS)
def test_the_probe_sees_a_heal_that_is_not_atomic(bench: Any, how: str) -> None:
    golden = bench.read().text
    for _ in range(TRIES):
        bench.reset()
        with packets(bench) as counted:
            replacement = f"table inet murenger\ndelete table inet murenger\n{golden}"
            firewall.in_fw(bench.device_dir, ("sh", "-c", CARELESS[how]), stdin=replacement)
        if found := arrived(counted(), FORBIDDEN):
            break
    assert found, f"{how}: not seen in {TRIES} tries"
    with pytest.raises(AssertionError):
        check(counted())
