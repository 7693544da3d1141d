"""`murenger log`, `show` and `verify`: what was done can be read, and what was altered is named."""

import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def healed(bench: Any) -> Any:
    """Give a site with one heal in its ledger."""
    bench.switch.drift()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    assert site.remediate(device, site.plan(site.examine(device)).sha256) is not None
    return bench


def record(bench: Any, kind: str) -> tuple[int, pathlib.Path]:
    """Return number and file of the newest record of a kind."""
    number = [found["kind"] for found in bench.records()].index(kind)
    return number, next(bench.store.glob(f"days/*/records/{number:09d}.json"))


def overwrite(path: pathlib.Path, content: bytes) -> None:
    path.chmod(0o640)
    path.write_bytes(content)


def test_an_intact_ledger_is_3_and_says_why_not_0(healed: Any) -> None:
    done = healed.cli("verify")
    assert done.code == 3
    assert "integrity" in done.out
    assert "completeness" in done.out
    assert healed.cli("verify", "-o", "json").code == 3


def test_log_lists_what_happened_in_order(healed: Any) -> None:
    kinds = [line.split()[2] for line in healed.cli("log").out.splitlines()[1:]]
    assert kinds == [found["kind"] for found in healed.records()]
    assert kinds[-5:] == ["drift", "plan", "approval", "intent", "outcome"]
    only = healed.cli("log", "--kind", "outcome", "--device", "leaf1").out.splitlines()[1:]
    assert len(only) == 1


def test_show_tells_reason_authority_test_and_back_out(healed: Any) -> None:
    number, _ = record(healed, "outcome")
    told = healed.cli("show", str(number)).out
    for word in ("healed", "alice@example.net", "fresh connection", "native-confirm"):
        assert word in told, word


@pytest.mark.parametrize("number", ["99", "-1"])
def test_a_record_that_is_not_there_is_told(bench: Any, number: str) -> None:
    done = bench.cli("show", "--", number)
    assert done.code == 2
    assert f"there is no record {number}" in done.err
    assert "murenger log" in done.err


@pytest.mark.parametrize("kind", ["genesis", "golden", "drift", "plan", "approval", "intent", "outcome"])
def test_a_flipped_byte_is_found_and_the_record_named(healed: Any, kind: str) -> None:
    number, path = record(healed, kind)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    overwrite(path, bytes(content))
    done = healed.cli("verify")
    assert done.code == 1
    assert f"{number:09d}.json" in done.out or f"record {number}" in done.out
    assert "Traceback" not in done.err


def remove(_: pathlib.Path, path: pathlib.Path) -> None:
    path.unlink()


def unsign(_: pathlib.Path, path: pathlib.Path) -> None:
    path.with_name(path.name + ".sig").unlink()


def swap(store: pathlib.Path, path: pathlib.Path) -> None:
    other = next(store.glob("days/*/records/000000001.json"))
    one, two = path.read_bytes(), other.read_bytes()
    overwrite(path, two)
    overwrite(other, one)


def insert(_: pathlib.Path, path: pathlib.Path) -> None:
    shutil.copy(path, path.with_name("000000099.json"))
    shutil.copy(f"{path}.sig", path.with_name("000000099.json.sig"))


@pytest.mark.parametrize("harm", [remove, unsign, swap, insert])
def test_a_record_removed_unsigned_reordered_or_inserted_is_named(
    healed: Any, harm: Callable[[pathlib.Path, pathlib.Path], None]
) -> None:
    number, path = record(healed, "intent")
    harm(healed.store, path)
    done = healed.cli("verify")
    assert done.code == 1
    assert f"{99 if harm is insert else number:09d}" in done.out or f"record {number}" in done.out


def test_a_decision_that_was_altered_is_named(healed: Any) -> None:
    path = next(healed.store.glob("days/*/decisions/*.json"))
    overwrite(path, path.read_bytes().replace(b'"max_differences":20', b'"max_differences":99'))
    done = healed.cli("verify")
    assert done.code == 1
    assert path.name[:12] in done.out


def test_a_log_that_was_tampered_with_takes_no_further_record(healed: Any) -> None:
    number, path = record(healed, "outcome")
    overwrite(path, path.read_bytes()[:-40])
    healed.switch.drift()
    running = healed.switch.running()
    done = healed.cli("run", "--once")
    assert done.code == 2
    assert len(done.complaints) == 1
    assert f"{number:09d}.json" in done.err
    assert healed.switch.running() == running


def test_verify_needs_no_murenger_yml(healed: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trust = str(healed.site / "trust")
    for store in (healed.site / "store", healed.store):
        done = healed.run("verify", "--store", str(store), "--trust", trust)
        assert done.code == 3, done


def test_with_a_strangers_trust_file_nothing_is_believed(healed: Any, tmp_path: pathlib.Path) -> None:
    public = " ".join((healed.folder / "mallory.pub").read_text().split()[:2])
    (tmp_path / "allowed_signers").write_text(f'murenger namespaces="change-record@murenger" {public}\n')
    assert healed.run("verify", "--store", str(healed.store), "--trust", str(tmp_path)).code == 1


def test_a_missing_store_or_trust_file_is_trouble_and_not_a_verdict(bench: Any, tmp_path: pathlib.Path) -> None:
    trust = str(bench.site / "trust")
    for store in (tmp_path / "gone", tmp_path):
        done = bench.run("verify", "--store", str(store), "--trust", trust)
        assert (done.code, len(done.complaints)) == (2, 1), done
        assert str(store) in done.err
    done = bench.run("verify", "--store", str(bench.store), "--trust", str(tmp_path))
    assert done.code == 2
    assert "allowed_signers" in done.err


def test_an_emptied_log_fails_and_is_never_intact(bench: Any) -> None:
    shutil.rmtree(bench.store / "days")
    (bench.store / "days").mkdir()
    done = bench.cli("verify")
    assert done.code == 1
    assert "Traceback" not in done.err


def test_before_the_first_record_log_is_empty_and_verify_is_trouble(bench: Any, tmp_path: pathlib.Path) -> None:
    site = tmp_path / "fresh"
    assert bench.run("init", str(site), "--origin", "fresh.example.net").code == 0
    config = ("--config", str(site / "murenger.yml"))
    assert bench.run("log", *config).code == 0
    assert bench.run("verify", *config).code == 2
