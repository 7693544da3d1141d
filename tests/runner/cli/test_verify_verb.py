"""`murenger verify`: anchors, one record, other processes, and every way to ask for what cannot be."""

import hashlib
import json
import pathlib
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


def heads(store: pathlib.Path) -> str:
    """Return what a sink would hold: number and digest of each record."""
    paths = sorted(store.glob("days/*/records/*.json"))
    return "".join(f"{int(path.stem)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in paths)


def test_an_anchor_that_agrees_gives_0_and_one_that_does_not_1(healed: Any, tmp_path: pathlib.Path) -> None:
    anchor = tmp_path / "head"
    anchor.write_text(heads(healed.store))
    done = healed.cli("verify", "--all", "--anchor", str(anchor))
    assert done.code == 0, done
    assert "completeness: proven up to record" in done.out
    last = sorted(healed.store.glob("days/*/records/*"))[-2:]
    for path in last:
        path.unlink()
    done = healed.cli("verify", "--anchor", str(anchor))
    assert done.code == 1
    assert "truncated" in done.out


def test_one_record_and_json_say_the_same_as_all(healed: Any) -> None:
    done = healed.cli("verify", "2", "-o", "json", "--jobs", "2")
    data = json.loads(done.out)
    assert (done.code, data["schema"], data["exit_code"]) == (3, "murenger.verify/2", 3)
    assert data["logs"][0]["findings"] == []
    assert data["logs"][0]["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("99",), "no record 99"),
        (("nonsense",), "nonsense"),
        (("2", "--all"), "--all"),
        (("--since", "2099-01-01"), "since"),
        (("--anchor", "/nonexistent"), "/nonexistent"),
        (("--against", "/nonexistent"), "/nonexistent"),
        (("--store", "/etc/hostname"), "unpack"),
    ],
)
def test_what_cannot_be_is_trouble_in_one_line(healed: Any, arguments: tuple[str, ...], said: str) -> None:
    done = healed.cli("verify", *arguments)
    assert (done.code, len(done.complaints)) == (2, 1), done
    assert said in done.err


def test_a_spoiled_file_of_trust_is_trouble_and_no_verdict(healed: Any) -> None:
    for name, content in (("log.vkey", "nonsense\n"), ("krl", "ssh-ed25519 no!key\n")):
        path = healed.site / "trust" / name
        before = path.read_text() if path.exists() else None
        path.unlink(missing_ok=True)
        path.write_text(content)
        done = healed.cli("verify")
        assert (done.code, len(done.complaints)) == (2, 1), done
        assert name in done.err
        path.unlink()
        if before is not None:
            path.write_text(before)


def test_terminal_escapes_in_a_record_reach_no_terminal(healed: Any) -> None:
    path = max(healed.store.glob("days/*/records/*.json"))
    content = path.read_bytes().replace(b'"kind":"outcome"', b'"kind":"\\u001b[2Jx"')
    path.chmod(0o640)
    path.write_bytes(content)
    done = healed.cli("verify")
    assert done.code == 1
    assert "\x1b" not in done.out
