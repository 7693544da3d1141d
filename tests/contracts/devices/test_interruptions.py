"""A link that breaks, a device that does less than it says (C18, C20)."""

import contextlib
import dataclasses
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.contracts.devices.passes import trial

from murenger.lab import firewall
from murenger.model import Outcome, OutcomeVerdict

# A few stand for all of each kind, unless breadth is asked for.
EVERYTHING = bool(os.environ.get("MURENGER_BREADTH"))
DEVICES = ("fw1-userns", *(("fw1-netns",) if EVERYTHING else ()), "leaf1", "srx1")
AS_BEFORE = frozenset({OutcomeVerdict.NOT_APPLIED, OutcomeVerdict.ROLLED_BACK, OutcomeVerdict.REVERTED_BY_DEVICE})


class Interrupted:
    """A remediator in whose sessions something happens right before a call goes out.

    Args:
        bench: the device.
        call: `stage`, `commit` or `confirm`.
        happens: what.
    """

    def __init__(self, bench: Any, call: str, happens: Callable[[], None]) -> None:
        self._real = bench.remediator()
        self._call = call
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @contextlib.contextmanager
    def open(self, device: Any, **options: Any) -> Iterator[Any]:
        with self._real.open(device, **options) as session:
            whole = getattr(session, self._call)

            def interrupted(*arguments: Any, **named: Any) -> Any:
                setattr(session, self._call, whole)
                self._happens()
                return whole(*arguments, **named)

            setattr(session, self._call, interrupted)
            yield session


MOMENTS = [
    *(("stage", "during"), ("commit", "during"), ("confirm", "before"), ("confirm", "during")),
    *((("stage", "before"), ("commit", "before")) if EVERYTHING else ()),
]
# What an emulator cuts, and where: the word is in the command, or is the name of the RPC.
REQUESTS = {
    "eos": {"stage": "rollback clean-config", "commit": "commit timer", "confirm": " commit"},
    "junos": {"stage": "load-configuration", "commit": "commit-configuration", "confirm": "commit-configuration"},
}
CUT_EARLY = {"eos": "cut", "junos": "drop-before"}
# What there is on fw1 once the helper has begun with it.
BEGUN = {
    "stage": "/proc/[0-9]*/task",
    "commit": "/run/murenger-nft/pending.*",
    "confirm": "/run/murenger-nft/confirmed.*",
}


def cut(bench: Any, call: str, moment: str) -> Callable[[], None]:
    """Return what breaks the link before a request arrives, or while it is carried out."""
    if bench.platform in REQUESTS:
        fault = "drop" if moment == "during" else CUT_EARLY[bench.platform]
        return lambda: bench.fault(fault, REQUESTS[bench.platform][call])
    if moment == "before":
        return lambda: cut_now(bench)
    return threading.Thread(target=firewall.cut, args=(bench.device_dir,), kwargs={"once": BEGUN[call]}).start


def cut_now(bench: Any) -> None:
    assert firewall.cut(bench.device_dir) == 1


@pytest.mark.parametrize(("call", "moment"), MOMENTS)
def test_c18_a_link_that_breaks_leaves_one_of_both_states_and_the_outcome_says_which(
    bench: Any, call: str, moment: str
) -> None:
    golden = bench.read().text
    meant = bench.running()
    bench.play(bench.rogue)
    drifted = bench.running()
    remediator = Interrupted(bench, call, cut(bench, call, moment))
    # Long enough for fw1 to verify, short enough to wait for.
    attempt = trial(bench, golden, remediator=remediator, revert_in_s=max(8, bench.short_s))
    outcome = dataclasses.replace(attempt, tools=calmed(bench, attempt.tools)).heal()
    check_told_truly(bench, outcome, drifted=drifted, golden=meant)
    if call == "stage":
        assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    elif call == "commit" or moment == "before":
        assert outcome.verdict in AS_BEFORE


def calmed(bench: Any, tools: Any) -> Any:
    """Return tools whose second connection finds the link whole again."""

    def observe() -> Any:
        if hasattr(bench, "trace"):
            for fault in tuple(bench.faults):
                bench.fault(fault, None)
        return tools.observe()

    return dataclasses.replace(tools, observe=observe)


def check_told_truly(bench: Any, outcome: Outcome, *, drifted: str, golden: str) -> None:
    """Hold an outcome against the device, now and when every timer has run out."""
    told = dict.fromkeys(AS_BEFORE, drifted) | {OutcomeVerdict.HEALED: golden}
    assert outcome.verdict in told, (outcome.verdict, outcome.reason)
    assert bench.running() == told[outcome.verdict], (outcome.verdict, outcome.reason)
    if hasattr(bench, "trace"):
        bench.advance(3600)
        assert bench.running() == told[outcome.verdict], (outcome.verdict, outcome.reason)


# A line by which packets differ, and one by which only the text does.
LEFT_OUT: dict[str, dict[str, Any]] = {
    "nftables": {"packets": "card database: nobody else", "text": "size 128"},
    "eos": {"packets": 40, "text": 5},
    "junos": {"packets": 40, "text": 5},
}
LYING_NFT = """#!/bin/sh
# Leaves out one line of what it loads, and says nothing.
case "$1 $2" in
  "-f "*/candidate.*) grep -v "@LINE@" "$2" | exec /usr/sbin/nft -f - ;;
  *) exec /usr/sbin/nft "$@" ;;
esac
"""


@contextlib.contextmanager
def one_line_is_left_out(bench: Any, line: Any) -> Iterator[None]:
    """Let the device leave out one line of what it is given, without a word."""
    if hasattr(bench, "trace"):
        bench.fault("skip-line", line)
        yield
        return
    own = "/usr/local/sbin/nft"
    firewall.in_fw(
        bench.device_dir, ("sh", "-c", f"cat > {own} && chmod 755 {own}"), stdin=LYING_NFT.replace("@LINE@", line)
    )
    try:
        yield
    finally:
        firewall.in_fw(bench.device_dir, ("rm", own))


@pytest.mark.parametrize("which", ["packets", "text"])
def test_c20_a_line_that_the_device_leaves_out_in_silence_is_never_called_healed(bench: Any, which: str) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    drifted = bench.running()
    attempt = trial(bench, golden, revert_in_s=max(20, bench.short_s))
    with one_line_is_left_out(bench, LEFT_OUT[bench.platform][which]):
        outcome = attempt.heal()
    assert outcome.verdict in AS_BEFORE, (outcome.verdict, outcome.reason)
    assert not all(check.passed for check in outcome.checks)
    check_told_truly(bench, outcome, drifted=drifted, golden="")


BAD_LINES = {
    "nftables": "table inet murenger {\n\tchain forward {\n\t\ttcp dport nonsense accept\n\t}\n}\n",
    "eos": "hostname leaf1\nip access-list CDE-IN\n   10 permit sideways any any\nend\n",
    "junos": "system {\n    host-name srx1;\n    flux-capacitor on;\n}\n",
}


def test_c20_a_line_that_the_device_refuses_is_told_and_nothing_is_called_changed(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    drifted = bench.running()
    attempt = trial(bench, golden)
    plan = dataclasses.replace(attempt.plan, candidate=BAD_LINES[bench.platform])
    outcome = dataclasses.replace(attempt, plan=plan).heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert "\n" not in outcome.reason
    assert outcome.confirmed_at is None
    check_told_truly(bench, outcome, drifted=drifted, golden="")
