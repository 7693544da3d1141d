"""Confirm against timer: each round has one winner, and what the product says is what the device does (C14)."""

import contextlib
import os
import pathlib
import random
import threading
from typing import Any

import pytest
from tests.contracts.devices.benches import LIMITS

from murenger.adapters.clock import SystemClock
from murenger.adapters.napalm.connection import connect
from murenger.adapters.napalm.remediator import NapalmSession
from murenger.errors import RemediationError
from murenger.lab.firewall.console import in_fw
from napalm_nftables.device import helper_text

# `make breadth` asks for a thousand of each device.
ROUNDS = int(os.environ.get("MURENGER_RACES", "0"))
SCRIPT = pathlib.Path(__file__).with_name("race.sh").read_text(encoding="utf-8")
BATCH, PATIENCE, VIRTUAL_ROUNDS = 12, 72, 3
WON, LOST = 0, 77
# What a round looks like that somebody won: exit codes of both confirmations in order, the state, the rules, the file.
CONFIRMED = ([WON, LOST], "confirmed+", "after", "saved")
STATUS = ("armed_at+outcome+", "armed_at+left+outcome+")
FIRED = ([LOST, LOST], "fired+", "before", "unsaved")


def test_c14_confirm_and_timer_race_and_never_both_win(bench: Any) -> None:
    if hasattr(bench, "shell"):
        race_in_real_time(bench, ROUNDS or BATCH)
    else:
        race_in_virtual_time(bench, ROUNDS or VIRTUAL_ROUNDS)


def race_in_real_time(bench: Any, rounds: int) -> None:
    """Let two confirmations race the device's own timer, a dozen rounds at once."""
    lead, confirmed, run = 2, 0, 0
    while run < rounds or (confirmed in (0, run) and run < PATIENCE):
        words = (str(run), str(BATCH), str(lead))
        done = in_fw(bench.device_dir, ("sh", "-c", SCRIPT, "race", *words), stdin=helper_text())
        lines = done.stdout.splitlines()
        assert len(lines) == BATCH, done
        won = sum(winner(line) == "confirmed" for line in lines)
        # Begin earlier where the timer wins, later where confirming does, so that both go on winning.
        lead += BATCH // 2 - won
        run, confirmed = run + BATCH, confirmed + won
    print(f"\n{bench.key}: {run} rounds, {confirmed} confirmed, {run - confirmed} reverted")  # noqa: T201 - its numbers
    assert 0 < confirmed < run, "one side always won, so nothing raced"


def winner(line: str) -> str:
    """Return who won a round; everything that can be seen must agree on it."""
    _, one, other, became, runs, saved, told = line.split()
    seen = (sorted((int(one), int(other))), became, runs, saved)
    assert seen in (CONFIRMED, FIRED), line
    assert told in STATUS, line
    return became.rstrip("+")


def race_in_virtual_time(bench: Any, rounds: int) -> None:
    """Push the device's clock past the timer while the product confirms; one connection does for all rounds."""
    chance = random.Random(14)  # noqa: S311 - which round is how late, the same each time
    texts = [bench.read().text]
    bench.play(bench.rogue)
    texts.append(bench.read().text)
    # Each emulator takes its own time to confirm, and the timer fires around it.
    confirmed, reach_s = 0, 0.2
    with connect(bench.device, bench.login(), LIMITS, to_change=True) as connection:
        for number in range(rounds):
            timer = threading.Timer(chance.uniform(0, reach_s), bench.advance, [61]) if number else None
            if is_confirmed(bench, NapalmSession(connection, SystemClock(), mark="contract"), texts[0], timer):
                texts.reverse()
                confirmed, reach_s = confirmed + 1, reach_s * 0.7
            else:
                reach_s *= 1.4
    print(f"\n{bench.key}: {rounds} rounds, {confirmed} confirmed")  # noqa: T201 - the long run is for its numbers
    assert confirmed
    assert rounds == VIRTUAL_ROUNDS or confirmed < rounds, "the timer never won"


def is_confirmed(bench: Any, session: NapalmSession, text: str, timer: threading.Timer | None) -> bool:
    """Run one round, and return who won; the device must agree, now and an hour later."""
    before = bench.running()
    try:
        session.stage(text)
        session.commit(message="contract", revert_in_s=60)
        applied = bench.running()
        if timer is not None:
            timer.start()
        try:
            session.confirm()
            won = True
        except RemediationError:
            won = False
        if timer is not None:
            timer.join()
    finally:
        session.undo()
    assert applied != before
    assert bench.running() == (applied if won else before)
    bench.advance(3600)
    assert bench.running() == (applied if won else before)
    return won


def test_c14_a_timer_that_fires_between_the_last_look_and_the_confirmation_is_noticed(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    before = bench.running()
    with contextlib.suppress(RemediationError), bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=bench.short_s)
        driver = session._connection.driver  # noqa: SLF001 - the moment lies inside one call of the port
        looked = driver.has_pending_commit

        def fires_after_looking() -> bool:
            found = bool(looked())
            driver.has_pending_commit = looked
            bench.let_timer_fire(bench.short_s)
            return found

        driver.has_pending_commit = fires_after_looking
        with pytest.raises(RemediationError, match="timer was faster"):
            session.confirm()
    assert bench.running() == before
