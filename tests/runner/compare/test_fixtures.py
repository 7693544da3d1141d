"""Every case of tests/fixtures: its differences, its circle, and nothing of its secrets."""

import dataclasses
import datetime
import json
import pathlib
import re
from collections.abc import Callable

import pytest

from murenger.compare import compare, render_json, render_text, steps, unified
from murenger.dialects import dialect, expected_after, managed_part, merged, parse, render
from murenger.model import Severity, Snapshot, SnapshotKind

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
CASES = sorted(path.parent for path in FIXTURES.glob("*/*/diff.json"))
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
SECRETS = ("tide42pool", "hashofadmin", "hashofauditor", "otherhash", "rootroothash", "abcdefghij", "zzzzzzzzzz")


def _name(path: pathlib.Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.fixture
def pair(request: pytest.FixtureRequest, snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Snapshot]:
    folder = request.param
    platform = folder.parent.name
    golden, live = ((folder / name).read_bytes().decode() for name in ("golden.conf", "live.conf"))
    return snapshot(golden, platform, SnapshotKind.GOLDEN), snapshot(live, platform)


def test_every_platform_has_the_cases_that_matter() -> None:
    for platform in ("nftables", "eos", "junos"):
        names = {path.name for path in CASES if path.parent.name == platform}
        assert names >= {"add", "delete", "modify", "reorder", "harmless-reorder", "hostile"}


@pytest.mark.parametrize(("pair", "folder"), [(path, path) for path in CASES], ids=map(_name, CASES), indirect=["pair"])
def test_the_differences_are_the_expected_ones(
    pair: tuple[Snapshot, Snapshot], folder: pathlib.Path, now: datetime.datetime
) -> None:
    found = render_json(compare(*pair, detected_at=now))
    expected = json.loads((folder / "diff.json").read_text(encoding="utf-8"))
    assert {key: found[key] for key in expected} == expected
    assert (folder / "SOURCE.md").read_text(encoding="utf-8").startswith(f"# {folder.name}\n")


@pytest.mark.parametrize("pair", CASES, ids=map(_name, CASES), indirect=True)
def test_the_circle_closes(pair: tuple[Snapshot, Snapshot], now: datetime.datetime) -> None:
    golden, live = pair
    known = dialect(live.platform)
    healed = dataclasses.replace(live, text=expected_after(golden.text, live.text, known))
    left = compare(golden, healed, detected_at=now).differences
    assert all(difference.severity is Severity.FOREIGN for difference in left)
    assert expected_after(golden.text, healed.text, known) == healed.text
    before = parse(managed_part(golden.text, known, live.text), known).nodes
    own = {node.line for node in parse(golden.text, known).nodes} if known.foreign_sections else None
    foreign = tuple(node for node in parse(healed.text, known).nodes if own is not None and node.line not in own)
    assert render(merged(before, foreign, known), known) == live.text
    assert bool(steps(live, healed)) is bool(compare(golden, live, detected_at=now).healable)


@pytest.mark.parametrize("pair", CASES, ids=map(_name, CASES), indirect=True)
def test_nothing_shown_acts_on_a_terminal_or_tells_a_secret(
    pair: tuple[Snapshot, Snapshot], now: datetime.datetime
) -> None:
    golden, live = pair
    drift = compare(golden, live, detected_at=now)
    for shown in (render_text(drift), unified(golden.text, live.text), "\n".join(steps(live, golden))):
        assert not CONTROL.search(shown)
        assert "murenger-secret:" not in shown
        assert not any(secret in shown for secret in SECRETS)
    as_json = json.dumps(render_json(drift))
    assert "<murenger-secret:" not in as_json
    assert not any(secret in as_json for secret in SECRETS)
    assert not any(secret in repr((golden, live, drift)) for secret in SECRETS)


@pytest.mark.parametrize("pair", CASES, ids=map(_name, CASES), indirect=True)
def test_reading_the_same_again_is_no_drift(pair: tuple[Snapshot, Snapshot], now: datetime.datetime) -> None:
    for one in pair:
        drift = compare(one, one, detected_at=now)
        assert drift.in_sync
        assert render_text(drift) == "d1: in sync with golden\n"
        assert unified(one.text, one.text) == ""
