"""Impact at a site: drift is judged with the intents that golden was signed with, and the proof is in the record."""

import json
import pathlib
import subprocess
from typing import Any

import pytest

from murenger.model import Action, Effect, Verdict

INTENTS = """\
version: 1
segments:
  - name: cde
    prefixes: [203.0.113.0/25]
    crown_jewel: true
intents:
  - name: nobody-reaches-the-cde-by-ip
    from: any
    to: cde
    expect: deny
    severity: critical
    owner: pci@example.net
    reference: PCI DSS 1.3.1
"""


def examine(bench: Any) -> Any:
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    return site.examine(device)


def sign_into_golden(bench: Any, name: str, text: str) -> None:
    """Commit a file beside the golden texts, signed by alice, with stock git."""
    repository = bench.site / "golden"
    (repository / name).write_text(text, encoding="utf-8")
    key = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={bench.alice}", "-c", "commit.gpgsign=true")
    who = ("-c", "user.name=alice", "-c", "user.email=alice@example.net")
    for arguments in (("add", name), (*key, *who, "commit", "-q", "-m", name)):
        subprocess.run(("git", "-C", str(repository), *arguments), check=True, capture_output=True)


def test_a_rogue_permit_widens_with_a_packet_and_heals_by_the_standing_change(bench: Any) -> None:
    bench.switch.drift()
    examination = examine(bench)
    impact = examination.drift.impact
    assert (impact.verdict, impact.effect) == (Verdict.DIFFERENT, Effect.WIDENS)
    assert impact.opened
    assert impact.witnesses
    assert examination.decision.action is Action.HEAL


def test_a_change_outside_the_rules_is_unknown_and_awaits_a_person(bench: Any) -> None:
    bench.switch.drift("vlan")
    examination = examine(bench)
    assert examination.drift.impact.verdict is Verdict.UNKNOWN
    assert any(text.startswith("residue") for text in examination.drift.impact.unknowns)
    assert (examination.decision.action, examination.decision.awaits_approval) == (Action.HOLD, True)


def test_a_description_changes_no_packet_and_that_is_proven(bench: Any) -> None:
    bench.switch.drift("description")
    impact = examine(bench).drift.impact
    assert (impact.verdict, impact.effect) == (Verdict.EQUAL, Effect.NONE)


def test_the_intents_that_golden_was_signed_with_are_asked(bench: Any) -> None:
    sign_into_golden(bench, "intents.yml", INTENTS)
    bench.switch.drift()
    impact = examine(bench).drift.impact
    assert [violation.reference for violation in impact.violations] == ["PCI DSS 1.3.1"]
    assert impact.crown_jewel is True


def test_wrong_intents_are_one_error_that_names_revision_and_line(bench: Any) -> None:
    sign_into_golden(bench, "intents.yml", INTENTS.replace("severity: critical", "severity: dire"))
    bench.switch.drift()
    done = bench.cli("diff", "leaf1")
    assert done.code == 2
    assert "golden revision " in done.err
    assert "intents.yml:11" in done.err
    assert "Traceback" not in done.err


def test_a_drift_that_stays_is_judged_once(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.switch.drift()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    asked = []
    assess = site.parts.assessor.assess
    monkeypatch.setattr(site.parts.assessor, "assess", lambda *a, **k: asked.append(1) or assess(*a, **k))
    first, second = site.examine(device), site.examine(device)
    assert first.drift.impact == second.drift.impact
    assert len(asked) == 1


def test_the_outcome_says_how_equality_in_packet_space_was_proven(bench: Any) -> None:
    bench.switch.drift()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    plan = site.plan(site.examine(device))
    site.remediate(device, plan.sha256)
    tests = {test["name"]: test for test in bench.records("outcome")[0]["test"]["post"]}
    proof = tests["packets that pass, live against golden"]
    assert proof["result"] == "pass"
    assert "with a condition that cannot be told" in proof["observed"]
    assert "of 60 s" in proof["observed"]
    said = bench.records("drift")[0]["impact"]
    assert said["engine"]
    assert said["examples"]
    assert said["opened"][0]["text"]


def test_two_files_give_a_versioned_impact_whose_witnesses_trace_takes(bench: Any, tmp_path: pathlib.Path) -> None:
    golden = bench.switch.running()
    bench.switch.drift()
    for name, text in (("golden", golden), ("live", bench.switch.running())):
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = ("--platform", "eos", "--golden", str(tmp_path / "golden"), "--live", str(tmp_path / "live"))
    done = bench.run("diff", *files, "-o", "json")
    assert done.code == 1
    impact = json.loads(done.out)["impact"]
    packets = tmp_path / "packets"
    packets.write_text("".join(json.dumps(packet) + "\n" for packet in impact["witnesses"]), encoding="utf-8")
    verdicts = []
    for name in ("golden", "live"):
        asked = ("--platform", "eos", "--config", str(tmp_path / name), "--packets", str(packets))
        traced = bench.run("trace", *asked)
        verdicts.append([json.loads(line)["verdict"] for line in traced.out.splitlines()])
    assert verdicts[0]
    assert set(verdicts[0]) == {"deny"}
    assert set(verdicts[1]) == {"allow"}
