"""`murenger doctor` on the log: days, keys, holds and what is not configured."""

from typing import Any


def test_it_warns_that_nobody_else_holds_the_log(bench: Any) -> None:
    done = bench.cli("doctor")
    assert done.code == 0, done.out
    assert "warning no anchor is configured" in done.out


def test_it_names_a_missing_log_key(bench: Any) -> None:
    (bench.site / "keys/log.pem").unlink()
    done = bench.cli("doctor")
    assert done.code == 2
    assert "log key: there is no key" in done.out


def test_it_warns_where_no_log_key_is_configured(bench: Any) -> None:
    text = "".join(line for line in bench.config.read_text().splitlines(keepends=True) if "log_key" not in line)
    bench.config.write_text(text)
    done = bench.cli("doctor")
    assert done.code == 0, done.out
    assert "no log key is configured" in done.out


def test_it_names_finished_days_without_their_seal_and_a_hold(bench: Any) -> None:
    (day,) = bench.store.glob("days/*")
    day.rename(day.with_name("2026-01-02"))
    (bench.store / "HOLD").touch()
    done = bench.cli("doctor")
    assert "1 finished days lack their seal: 2026-01-02" in done.out
    assert "legal hold" in done.out


def test_it_says_whether_the_clock_is_kept(bench: Any) -> None:
    (line,) = [line for line in bench.cli("doctor").out.splitlines() if "clock: " in line]
    assert "synchronised" in line
    recorded = bench.records()[-1]["clock"]
    assert recorded["source"] in ("kernel", "system")
    assert (recorded["synchronised"] is True) == ("not synchronised" not in line and "does not say" not in line)
