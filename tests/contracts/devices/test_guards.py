"""Guards: locked out is not lost, and nobody else's work is touched (C16, C21 to C23, C34)."""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import pytest
from tests.contracts.devices.passes import seen, trial
from tests.contracts.devices.tables import CHANGED_AFTER_STAGING, OLD_LINK_WHEN_LOCKED_OUT

from murenger.adapters.napalm import TimeLimits
from murenger.adapters.napalm.remediator import NapalmRemediator
from murenger.adapters.napalm.source import NapalmSource
from murenger.errors import GuardRefusedError, MurengerError, ObserveError, SecretError
from murenger.lab.control import JsonObject
from murenger.lab.failure import LabError
from murenger.model import OutcomeVerdict

SHORT = TimeLimits(connect_s=3.0, call_s=15.0)
REVERT_S = {"nftables": 8, "eos": 60, "junos": 60}


def locked_out(bench: Any) -> str:
    """Return a configuration that lets nobody in."""
    bench.play(bench.lockout)
    text = str(bench.running())
    bench.reset()
    return text


def reader(bench: Any) -> NapalmSource:
    return NapalmSource(lambda _: bench.login("read"), bench.clock, SHORT)


def healer(bench: Any) -> NapalmRemediator:
    return NapalmRemediator(lambda _: bench.login(), bench.clock, SHORT)


def test_c16_a_lock_out_ends_when_the_timer_fires(bench: Any) -> None:
    text, revert_in_s = locked_out(bench), REVERT_S[bench.platform]
    before = bench.running()
    with contextlib.suppress(MurengerError), healer(bench).open(bench.device) as session:
        session.stage(text)
        session.commit(message="contract", revert_in_s=revert_in_s)
        assert bench.running() != before
        with pytest.raises(ObserveError):
            reader(bench).read(bench.device)
        try:
            # The port has no such question; the old link itself is asked.
            assert cast("Any", session)._connection.driver.has_pending_commit()  # noqa: SLF001
            old_link = "lives on"
        except Exception:  # noqa: BLE001 - whatever a dead link raises
            old_link = "is a new one for each call"
        assert old_link == OLD_LINK_WHEN_LOCKED_OUT[bench.platform]
        bench.let_timer_fire(revert_in_s)
    assert bench.running() == before
    assert bench.read().hostname == bench.name


@contextlib.contextmanager
def foreign_commit(bench: Any) -> Iterator[None]:
    """Leave somebody else's commit waiting for its confirmation."""
    with bench.driver() as driver:
        driver.load_merge_candidate(config="add rule inet murenger forward tcp dport 9 drop")
        driver.compare_config()
        driver.commit_config(revert_in=300)
        yield


@contextlib.contextmanager
def typed(bench: Any, *lines: str) -> Iterator[None]:
    """Leave what somebody typed at the console."""
    bench.type(*lines)
    yield


@contextlib.contextmanager
def played(bench: Any, scenario: str) -> Iterator[None]:
    """Leave what a scenario does."""
    bench.play(scenario)
    yield


FOREIGN_WORK = {
    "nftables": {"pending commit": foreign_commit},
    "eos": {
        "pending session": lambda bench: played(bench, "foreign-session"),
        "session on trial": lambda bench: typed(
            bench, "configure session carol-1", "vlan 778", "commit timer 00:10:00"
        ),
    },
    "junos": {
        "candidate": lambda bench: played(bench, "foreign-candidate"),
        "lock": lambda bench: played(bench, "foreign-lock"),
        "pending commit": lambda bench: typed(bench, *bench.harmless()[:-1], "commit confirmed 10"),
    },
}


def traces_of_work(bench: Any) -> object:
    """Return the state of other people's work, past every login."""
    if bench.platform == "nftables":
        return bench.running(), bench.shell("ls /run/murenger-nft")
    if bench.platform == "junos":
        found: JsonObject = bench.ask("config")
        return found
    with bench.driver() as driver:
        listed = driver.device.run_commands(["show configuration sessions"])[0]["sessions"]
    return bench.running(), {name: found["state"] for name, found in listed.items() if not name.startswith("napalm")}


def test_c21_somebody_else_s_work_is_refused_and_not_touched(bench: Any) -> None:
    golden = bench.read().text
    for name, begin in FOREIGN_WORK[bench.platform].items():
        bench.reset()
        with begin(bench):
            work = traces_of_work(bench)
            with pytest.raises(GuardRefusedError) as refused, bench.remediator().open(bench.device) as session:
                session.stage(golden)
            assert "\n" not in str(refused.value), name
            assert traces_of_work(bench) == work, name


def test_c22_of_two_controllers_one_wins(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    with bench.remediator().open(bench.device) as first:
        first.stage(golden)
        first.commit(message="first", revert_in_s=60)
        applied = bench.running()
        with pytest.raises((GuardRefusedError, ObserveError)), bench.remediator().open(bench.device) as second:
            second.stage(golden)
        assert bench.running() == applied
        first.confirm()
    assert bench.running() == applied


def test_c22_the_driver_itself_refuses_a_second_commit(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    with bench.driver() as first, bench.driver() as second:
        first.load_replace_candidate(config=golden)
        first.compare_config()
        if bench.platform == "nftables":
            second.load_replace_candidate(config=golden)
            second.compare_config()
        first.commit_config(revert_in=60)
        applied = bench.running()
        if bench.platform == "junos":
            # The shared candidate is committed already; a second commit would be the confirmation of the first.
            assert second.has_pending_commit()
        else:
            with pytest.raises(Exception, match=r"(?i)pending|locked|already in use") as refused:
                second_commit(bench, second, golden)
            assert not isinstance(refused.value, AssertionError)
        assert bench.running() == applied
        first.confirm_commit()
        if hasattr(first, "config_session"):
            first.config_session = None


def second_commit(bench: Any, driver: Any, golden: str) -> None:
    if bench.platform == "eos":
        driver.load_replace_candidate(config=golden)
    driver.commit_config(revert_in=60)


class Meddled:
    """A remediator in whose sessions somebody else changes the device at a chosen moment."""

    def __init__(self, bench: Any, *, after_staging: bool) -> None:
        self._bench = bench
        self._after_staging = after_staging
        self._real = bench.remediator()
        self.locked_out = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def meddle(self) -> None:
        try:
            self._bench.type(*self._bench.harmless())
        except LabError:
            self.locked_out = True

    @contextlib.contextmanager
    def open(self, device: Any, **options: Any) -> Iterator[Any]:
        if not self._after_staging:
            self.meddle()
        with self._real.open(device, **options) as session:
            if self._after_staging:
                stage = session.stage

                def staged(candidate: str) -> Any:
                    found = stage(candidate)
                    self.meddle()
                    return found

                session.stage = staged
            yield session


def test_c23_live_changed_before_it_was_staged_is_refused(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    meddled = Meddled(bench, after_staging=False)
    outcome = trial(bench, golden, remediator=meddled).heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert "no longer what was compared" in outcome.reason
    assert seen(bench).digest == outcome.after_digest != outcome.before_digest


def test_c23_live_changed_after_it_was_staged_ends_as_the_table_says(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    meddled = Meddled(bench, after_staging=True)
    with meddled.open(bench.device) as session:
        session.stage(golden)
        meant = bench.running()
        try:
            session.commit(message="contract", revert_in_s=60)
            said = "locked out meanwhile" if meddled.locked_out else "overwritten"
        except GuardRefusedError as exc:
            assert "no longer what was compared" in str(exc)  # noqa: PT017 - which of the three it is, the table says
            assert bench.running() == meant
            said = "refused by the device"
    assert said == CHANGED_AFTER_STAGING[bench.platform]
    assert bench.running() == meant


def test_c23_a_change_that_the_device_refuses_is_told_as_not_applied(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    outcome = trial(bench, golden, remediator=Meddled(bench, after_staging=True)).heal()
    refused = CHANGED_AFTER_STAGING[bench.platform] == "refused by the device"
    assert outcome.verdict is (OutcomeVerdict.NOT_APPLIED if refused else OutcomeVerdict.HEALED), outcome


def test_c34_a_candidate_with_a_placeholder_left_in_it_is_never_sent(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    attempt = trial(bench, golden)
    spoilt = "<murenger-secret:00112233445566778899aabbccddeeff>"
    line = {
        "nftables": f'table inet murenger {{\n\tcomment "password: {spoilt}"\n}}\n',
        "eos": f"snmp-server community {spoilt} ro\n",
        "junos": f"snmp {{\n    community {spoilt};\n}}\n",
    }[bench.platform]
    plan = dataclasses.replace(attempt.plan, candidate=line)
    before = bench.state()
    with pytest.raises(SecretError):
        dataclasses.replace(attempt, plan=plan).heal()
    assert bench.state() == before
