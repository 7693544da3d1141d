"""The runner's own duties: heartbeats, failures with their ends, seals, retention."""

import datetime
import json
from typing import Any

import pytest

from murenger.errors import AnchorError, ObserveError
from murenger.model import digest_of
from murenger.record.executor import Population
from murenger.schedule import Census
from murenger.wiring.upkeep import inventory_digest

DAY_S = 86_400


class Runner:
    """A runner's upkeep over one site, driven by hand."""

    def __init__(self, site: Any, anchored: Any) -> None:
        self.site, self.anchored = site, anchored
        self.devices = site.devices(("leaf1",))
        self.census = Census(tuple(device.name for device in self.devices))
        self.overdue_s = 0.0
        self.errors: list[Any] = []
        self.upkeep = site.upkeep(population=self.population, report=self.errors.append)

    def population(self) -> tuple[Population, float]:
        tally = self.census.tally()
        inventory = inventory_digest(self.devices)
        return (
            Population(
                inventory=inventory,
                expected=tally.expected,
                seen=tally.seen,
                unreachable=tally.unreachable,
                drifted=tally.drifted,
                backlog=int(self.overdue_s > 0),
            ),
            self.overdue_s,
        )

    def check(self) -> None:
        (device,) = self.devices
        try:
            done = self.site.patrol(device)
        except ObserveError:
            self.census.lost(device.name)
            return
        self.census.seen(device.name, in_sync=done.examination.drift.in_sync)
        self.upkeep.observed(done.examination.live.taken_at)

    def tick(self, after_s: float = 0.0) -> None:
        self.anchored.advance(after_s)
        self.upkeep.tick()


@pytest.fixture
def runner(anchored: Any) -> Runner:
    """Give a runner of a site with one sink, which has begun."""
    anchored.configure("w1")
    found = Runner(anchored.open(), anchored)
    with found.site.journal.writing() as (recorder, _):
        recorder.runner_started(digest_of("x"), "1 devices")
    found.upkeep.begin()
    return found


def failures(bench: Any, control: str = "") -> list[Any]:
    return [record["failure"] for record in bench.records("failure") if control in record["failure"]["control"]]


def seconds(later: str, earlier: str) -> float:
    return (datetime.datetime.fromisoformat(later) - datetime.datetime.fromisoformat(earlier)).total_seconds()


def test_a_heartbeat_tells_how_much_of_the_population_was_seen_and_is_anchored(runner: Runner, bench: Any) -> None:
    runner.tick()
    assert not bench.records("heartbeat")
    runner.check()
    runner.tick()
    (beat,) = bench.records("heartbeat")
    assert beat["population"] == {
        "inventory_sha256": inventory_digest(runner.devices).removeprefix("sha256:"),
        "expected": 1,
        "seen": 1,
        "unreachable": [],
        "drifted": 0,
        "backlog": 0,
    }
    assert json.loads(runner.anchored.sinks["w1"].heads[-1].record)["predicate"]["kind"] == "heartbeat"
    runner.tick(299)
    assert len(bench.records("heartbeat")) == 1
    runner.tick(2)
    assert len(bench.records("heartbeat")) == 2
    runner.tick(3000)
    assert len(bench.records("heartbeat")) == 3
    assert not runner.errors


def test_a_heartbeat_names_who_was_not_reached_and_counts_drift(runner: Runner, bench: Any) -> None:
    runner.census.lost("leaf1")
    runner.tick()
    assert bench.records("heartbeat")[-1]["population"]["unreachable"] == ["leaf1"]
    assert bench.records("heartbeat")[-1]["event"]["result"] == "partial"
    runner.census.seen("leaf1", in_sync=False)
    runner.tick(301)
    population = bench.records("heartbeat")[-1]["population"]
    assert (population["seen"], population["drifted"], population["unreachable"]) == (1, 1, [])


def test_a_device_that_cannot_be_read_is_one_failure_until_it_can(runner: Runner, bench: Any) -> None:
    runner.check()
    runner.anchored.advance(600)
    bench.vary(ansible_port=1)
    dark = Runner(runner.anchored.open(), runner.anchored)
    dark.site.watch._read_at.update(runner.site.watch._read_at)  # noqa: SLF001 - the same process, another inventory
    for _ in range(3):
        dark.check()
    (opened,) = bench.records("failure")
    assert opened["failure"]["control"] == "the device's configuration is read on schedule"
    assert opened["device"]["name"] == "leaf1"
    assert 600 <= opened["failure"]["detection_latency_s"] < 700
    runner.anchored.advance(1000)
    bench.vary()
    for _ in range(2):
        Runner(runner.anchored.open(), runner.anchored).check()
    _, closed = failures(bench)
    assert closed["phase"] == "close"
    assert 1000 <= closed["duration_s"] < 1100
    assert closed["restored_at"] == closed["resumed_at"] == closed["ended"]
    assert bench.records("failure")[-1]["device"]["name"] == "leaf1"


@pytest.mark.parametrize("told_to_stop", [True, False])
def test_an_outage_of_our_own_is_found_at_the_start(runner: Runner, bench: Any, *, told_to_stop: bool) -> None:
    runner.check()
    runner.tick()
    last = bench.records("heartbeat")[-1]["written_at"]
    if told_to_stop:
        with runner.site.journal.writing() as (recorder, _):
            recorder.runner_stopped(digest_of("x"), "told to stop")
    runner.anchored.advance(3600)
    again = Runner(runner.anchored.open(), runner.anchored)
    again.upkeep.begin()
    (opened,) = failures(bench)
    assert opened["control"] == "the runner watches the devices"
    assert opened["started"] == last
    assert opened["detection_latency_s"] >= 3600
    assert ("told to stop" in opened["cause"]) is told_to_stop
    runner.anchored.advance(30)
    again.check()
    again.check()
    opened, closed = failures(bench)
    assert closed["phase"] == "close"
    assert seconds(closed["restored_at"], closed["started"]) >= 3600
    assert seconds(closed["resumed_at"], closed["restored_at"]) >= 30


def test_a_short_pause_is_no_outage(runner: Runner, bench: Any) -> None:
    runner.check()
    runner.tick()
    runner.anchored.advance(599)
    Runner(runner.anchored.open(), runner.anchored).upkeep.begin()
    assert not failures(bench)


def test_a_sink_that_is_not_configured_any_more_fails_no_longer(runner: Runner, bench: Any) -> None:
    runner.anchored.sinks["w1"].error = AnchorError("down")
    runner.site.watch.anchor_quietly()
    assert len(failures(bench, "anchor w1")) == 1
    bench.edit("name: w1", "name: w2")
    runner.anchored.sinks = {"w2": type(runner.anchored.sinks["w1"])("w2")}
    again = Runner(runner.anchored.open(), runner.anchored)
    again.upkeep.begin()
    _, closed = failures(bench, "anchor w1")
    assert (closed["phase"], closed["resumed_at"]) == ("close", None)


def test_a_late_scan_is_one_failure_until_nothing_is_late(runner: Runner, bench: Any) -> None:
    runner.check()
    runner.overdue_s = 601.0
    runner.tick()
    runner.tick(301)
    (opened,) = failures(bench, "when it is due")
    assert "601 s" in opened["cause"]
    runner.overdue_s = 599.0
    runner.tick(301)
    _, closed = failures(bench, "when it is due")
    assert closed["phase"] == "close"
    assert closed["duration_s"] >= 601 + 301


def test_failures_are_known_to_the_next_process_with_and_without_its_memory(runner: Runner, bench: Any) -> None:
    runner.census.lost("leaf1")
    runner.overdue_s = 700.0
    runner.tick()
    memory = bench.site / "state" / "failures.json"
    assert memory.exists()
    for kept in (memory.read_bytes(), b"{", b'{"next": 999999}', None):
        memory.unlink(missing_ok=True)
        if kept is not None:
            memory.write_bytes(kept)
        site = runner.anchored.open()
        assert site.failures.opening("every device is checked when it is due") is not None
        assert site.failures.last_heartbeat()[0] is not None


def test_a_memory_of_another_past_is_not_believed(runner: Runner, bench: Any) -> None:
    runner.overdue_s = 700.0
    runner.census.lost("leaf1")
    runner.tick()
    memory = bench.site / "state" / "failures.json"
    kept = json.loads(memory.read_bytes())
    memory.write_text(json.dumps({**kept, "sha256": "0" * 64, "open": []}))
    assert runner.anchored.open().failures.opening("every device is checked when it is due") is not None


def test_one_duty_that_fails_does_not_keep_the_others_from_being_done(
    runner: Runner, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise AnchorError("no")

    monkeypatch.setattr(runner.site.watch, "retry", broken)
    runner.check()
    runner.tick(DAY_S)
    assert [str(error) for error in runner.errors] == ["no"]
    assert bench.records("heartbeat")
    days = sorted(path.name for path in bench.store.glob("days/*"))
    assert (bench.store / "days" / days[0] / "SHA256SUMS").exists()


def test_a_finished_day_is_sealed_by_the_tick_and_a_late_seal_is_recorded(runner: Runner, bench: Any) -> None:
    runner.check()
    first = min(path.name for path in bench.store.glob("days/*"))
    assert not (bench.store / "days" / first / "SHA256SUMS").exists()
    runner.tick(2 * DAY_S)
    assert (bench.store / "days" / first / "SHA256SUMS.sig").exists()
    late = [record["recovery"] for record in bench.records("recovery")]
    assert [(item["cause"], item["affected"]) for item in late] == [("late-seal", f"days/{first}/SHA256SUMS")]
    runner.tick(61)
    assert len(bench.records("recovery")) == 1


def test_whoever_records_next_seals_what_nobody_sealed(anchored: Any, bench: Any) -> None:
    first = min(path.name for path in bench.store.glob("days/*"))
    anchored.advance(DAY_S)
    with bench.open().journal.writing():
        pass
    assert (bench.store / "days" / first / "SHA256SUMS").exists()


def test_a_day_that_cannot_be_sealed_is_a_failure_and_stops_no_record(runner: Runner, bench: Any) -> None:
    runner.check()
    (first,) = bench.store.glob("days/*")
    stray = first / "records" / "stray"
    stray.write_text("x")
    runner.tick(DAY_S)
    runner.tick(61)
    assert not (first / "SHA256SUMS").exists()
    assert bench.records("heartbeat")
    (opened,) = failures(bench, "sealed")
    assert "stray" in opened["cause"]
    assert any("stray" in str(error) for error in runner.errors)
    stray.unlink()
    runner.tick(61)
    assert (first / "SHA256SUMS").exists()
    assert [failure["phase"] for failure in failures(bench, "sealed")] == ["open", "close"]


def test_a_stamp_that_cannot_be_had_leaves_the_day_sealed_and_is_tried_again(anchored: Any, bench: Any) -> None:
    with bench.config.open("a") as file:
        file.write(
            "anchors:\n  timeout: 1s\n  sinks:\n"
            '    - {name: tsa, type: rfc3161, url: "http://127.0.0.1:1/", roots: trust/tsa.pem}\n'
        )
    first = min(path.name for path in bench.store.glob("days/*"))
    anchored.advance(2 * DAY_S)
    site = bench.open()
    with site.journal.writing():
        pass
    assert (bench.store / "days" / first / "SHA256SUMS.sig").exists()
    assert not (bench.store / "days" / first / "SHA256SUMS.tsr").exists()
    asked: list[bytes] = []
    site.parts.stamp = lambda content: asked.append(content) or b"0\x00"
    found = Runner(site, anchored)
    found.tick()
    assert asked == [(bench.store / "days" / first / "SHA256SUMS").read_bytes()]
    # The stamp came later, the seal did not: it is told of once.
    assert [record["recovery"]["cause"] for record in bench.records("recovery")] == ["late-seal"]


def aged(runner: Runner, days: int = 400) -> None:
    """Let the log be so many days older than its first day, every day before today sealed."""
    runner.check()
    runner.tick()
    runner.tick(days * DAY_S)


def test_records_past_retention_go_after_a_record_that_others_hold(runner: Runner, bench: Any) -> None:
    first = min(path.name for path in bench.store.glob("days/*"))
    held = [head.sequence for head in runner.anchored.sinks["w1"].heads]
    aged(runner)
    runner.tick(61)
    folder = bench.store / "days" / first
    assert not (folder / "records").exists()
    assert {"SHA256SUMS", "SHA256SUMS.sig", "LEAVES"} <= {path.name for path in folder.iterdir()}
    (announced,) = bench.records("prune")
    assert announced["prune"]["days"][0]["day"] == first
    assert announced["seq"] in [head.sequence for head in runner.anchored.sinks["w1"].heads][len(held) :]
    (carried,) = announced["prune"]["carried"]
    assert carried["device"] == "leaf1"
    assert carried["at_sequence"] <= announced["prune"]["days"][0]["last"]
    # What was accepted is still known, to a process that never saw the removed records.
    site = runner.anchored.open()
    assert site.journal.accepted().revision == carried["commit"]
    (device,) = site.devices(("leaf1",))
    assert site.examine(device).drift.in_sync


def test_nothing_goes_before_others_hold_the_announcement(runner: Runner, bench: Any) -> None:
    first = min(path.name for path in bench.store.glob("days/*"))
    runner.check()
    runner.anchored.sinks["w1"].error = AnchorError("down")
    runner.anchored.advance(400 * DAY_S)
    for _ in range(3):
        runner.tick(61)
    assert (bench.store / "days" / first / "records").exists()
    assert len(bench.records("prune")) == 1
    runner.anchored.sinks["w1"].error = None
    runner.tick(3600)
    assert not (bench.store / "days" / first / "records").exists()
    assert len(bench.records("prune")) == 1


def test_a_hold_keeps_everything(runner: Runner, bench: Any) -> None:
    (bench.store / "HOLD").touch()
    aged(runner)
    runner.tick(61)
    assert not bench.records("prune")
    (bench.store / "HOLD").unlink()
    runner.tick(61)
    assert len(bench.records("prune")) == 1


def test_records_are_kept_for_as_long_as_the_settings_say(runner: Runner, bench: Any) -> None:
    runner.check()
    runner.tick(395 * DAY_S)
    runner.tick(61)
    assert not bench.records("prune")
    runner.tick(2 * DAY_S)
    runner.tick(61)
    assert len(bench.records("prune")) == 1


def test_a_day_with_an_open_drift_stays(runner: Runner, bench: Any) -> None:
    bench.edit("mode: heal", "mode: observe")
    bench.edit("    standing_change:", "    # standing_change:")
    watching = Runner(runner.anchored.open(), runner.anchored)
    bench.switch.drift()
    watching.check()
    assert bench.records("drift")
    watching.tick(400 * DAY_S)
    watching.tick(61)
    assert not bench.records("prune")


def test_a_day_with_an_open_failure_stays(runner: Runner, bench: Any) -> None:
    runner.census.lost("leaf1")
    runner.overdue_s = 700.0
    runner.tick()
    runner.anchored.advance(400 * DAY_S)
    runner.tick()
    runner.tick(61)
    assert not bench.records("prune")


def test_the_census_keeps_the_last_word_on_each_device() -> None:
    census = Census(("a", "b", "c", "d"))
    census.seen("a", in_sync=True)
    census.seen("b", in_sync=False)
    census.lost("b")
    census.lost("c")
    census.seen("c", in_sync=False)
    tally = census.tally()
    assert (tally.expected, tally.seen, tally.unreachable, tally.drifted) == (4, 2, ("b",), 1)


def test_the_digest_of_an_inventory_knows_no_order_but_every_address(anchored: Any) -> None:
    (device,) = anchored.bench.open().devices(("leaf1",))
    assert inventory_digest([device]) == inventory_digest((device,))
    assert inventory_digest([device]) != inventory_digest([])
