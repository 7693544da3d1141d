"""What people get wrong: another device's policy, a timer too short, a clock a day off (and see C16)."""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contracts.devices.passes import trial

from murenger.errors import GuardRefusedError
from murenger.lab import firewall
from murenger.model import OutcomeVerdict

DEVICES = ("fw1-userns", "leaf1", "srx1", *(("fw1-netns",) if os.environ.get("MURENGER_BREADTH") else ()))
DAY_S = 86_400


def test_a_timer_shorter_than_the_verification_reverts_and_nothing_is_called_healed(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    before = bench.running()
    attempt = trial(bench, golden)

    def slow(after: Any) -> Any:
        # What was read is what was promised; only then has the timer run out.
        bench.let_timer_fire(bench.short_s)
        return attempt.tools.impact(after)

    tools = dataclasses.replace(attempt.tools, impact=slow)
    outcome = dataclasses.replace(attempt, tools=tools).heal()
    assert outcome.verdict in (OutcomeVerdict.REVERTED_BY_DEVICE, OutcomeVerdict.ROLLED_BACK), outcome.reason
    assert outcome.confirmed_at is None
    assert bench.running() == before


LYING_DATE = """#!/bin/sh
exec /bin/date -d "+1 day" "$@"
"""


@contextlib.contextmanager
def a_day_ahead(bench: Any) -> Iterator[None]:
    """Let the device's clock be a day ahead; in a network namespace, which has none of its own, for whoever asks."""
    if hasattr(bench, "trace"):
        bench.advance(DAY_S)
        yield
        return
    own = "/usr/local/sbin/date"
    firewall.in_fw(bench.device_dir, ("sh", "-c", f"cat > {own} && chmod 755 {own}"), stdin=LYING_DATE)
    try:
        yield
    finally:
        firewall.in_fw(bench.device_dir, ("rm", own))


def test_a_device_whose_clock_is_a_day_off_heals_and_the_times_are_ours(bench: Any) -> None:
    golden = bench.read().text
    with a_day_ahead(bench):
        bench.play(bench.rogue)
        began = bench.clock.now()
        outcome = trial(bench, golden, revert_in_s=60).heal()
    assert outcome.verdict is OutcomeVerdict.HEALED, outcome.reason
    assert began <= outcome.started_at <= outcome.ended_at <= bench.clock.now()


# The policy of a sister device: a rule set names no device, but this one admits the management of another site.
ANOTHER = {
    "nftables": lambda text: text.replace("ip saddr 192.0.2.0/28", "ip saddr 203.0.113.64/28"),
    "eos": lambda text: text.replace("hostname leaf1", "hostname leaf2"),
    "junos": lambda text: text.replace("host-name srx1", "host-name srx2"),
}
NAMED = {"nftables": "management-path", "eos": "golden-trusted", "junos": "golden-trusted"}


def test_the_policy_of_another_device_is_never_applied_and_the_guard_is_named(
    bench: Any, new_place: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = ANOTHER[bench.platform](bench.read().text)
    assert another != bench.read().text
    (tmp_path / "golden.txt").write_text(another, encoding="utf-8")
    accept = ("golden", "accept", bench.name, "--key", str(new_place.key), "--from", str(tmp_path / "golden.txt"))
    if NAMED[bench.platform] == "golden-trusted":
        assert "the text calls its device" in new_place.verb(*accept).err
        # Accepted by somebody who does not look, as by hand with git.
        monkeypatch.setattr("murenger.wiring.desk.foreign_hostname", lambda *_: "")
    new_place.done(*accept)
    check_refused(bench, new_place, NAMED[bench.platform])


def check_refused(bench: Any, place: Any, guard: str) -> None:
    """Heal, and find that a guard refused: the device is as it was, and the ledger says so."""
    before = bench.state()
    with pytest.raises(GuardRefusedError) as refused:
        place.heal()
    assert refused.value.guard == guard
    assert bench.state() == before
    kinds = [record["predicate"]["kind"] for record in place.records()]
    assert kinds[-1] == "hold"
    assert "intent" not in kinds
