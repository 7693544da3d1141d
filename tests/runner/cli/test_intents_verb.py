"""`murenger intents check`: golden policy proven against what it is for, from files and on a site."""

import json
import pathlib
from typing import Any

import pytest

from murenger.cli.main import main
from murenger.cli.rulesets import read_ruleset
from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import Answer, trace

CONFIG = """\
hostname leaf1
!
ip access-list OUTSIDE
   10 permit tcp 10.2.0.0/24 10.1.2.0/24 eq 5432
   20 deny tcp any host 10.1.2.3 eq 3389
   30 deny ip any any
!
interface Ethernet1
   ip access-group OUTSIDE in
!
end
"""
INTENTS = """\
version: 1
segments:
  - {name: outside, interfaces: [Ethernet1]}
  - {name: app, prefixes: [10.2.0.0/24], interfaces: [Ethernet1]}
  - {name: card-db, prefixes: [10.1.2.0/24], crown_jewel: true}
services:
  - {name: postgres, protocol: tcp, ports: [5432]}
intents:
  - name: cde-only-from-app
    expect: deny
    from: outside
    to: card-db
    except: [{from: app, services: postgres}]
    severity: critical
    owner: ciso@example.net
    reference: PCI DSS 1.3.1
  - {name: app-works, expect: permit, from: app, to: card-db, services: postgres, severity: high}
"""


@pytest.fixture
def files(tmp_path: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    config, intents = tmp_path / "leaf1.conf", tmp_path / "intents.yml"
    config.write_text(CONFIG, encoding="utf-8")
    intents.write_text(INTENTS, encoding="utf-8")
    return config, intents


def check(files: tuple[pathlib.Path, pathlib.Path], *more: str) -> int:
    config, intents = map(str, files)
    return main(["intents", "check", "--platform", "eos", "--config", config, "--intents", intents, *more])


def test_intents_that_hold_are_0(files: tuple[pathlib.Path, pathlib.Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert check(files) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines()[1:] == [
        "  holds   cde-only-from-app (critical, PCI DSS 1.3.1, ciso@example.net)",
        "  holds   app-works (high)",
    ]


def test_an_intent_that_fails_is_1_with_a_counterexample_that_trace_reads(
    files: tuple[pathlib.Path, pathlib.Path], capsys: pytest.CaptureFixture[str]
) -> None:
    files[0].write_text(CONFIG.replace("20 deny", "20 permit"), encoding="utf-8")
    assert check(files, "-o", "json") == 1
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "murenger.intents/1"
    (device,) = data["devices"]
    failed, held = device["intents"]
    assert (failed["name"], failed["result"], failed["rule"]["lines"]) == ("cde-only-from-app", "fails", [5, 5])
    assert (failed["owner"], failed["reference"], failed["severity"]) == (
        "ciso@example.net",
        "PCI DSS 1.3.1",
        "critical",
    )
    assert (held["result"], held["counterexample"]) == ("holds", None)
    packet = packet_from_json(failed["counterexample"])
    assert trace(read_ruleset("eos", files[0]), packet).answer is Answer.ALLOW
    assert check(files) == 1
    assert "    permitted: {" in capsys.readouterr().out


def test_intents_that_contradict_each_other_are_2_and_named(
    files: tuple[pathlib.Path, pathlib.Path], capsys: pytest.CaptureFixture[str]
) -> None:
    more = "  - {name: nothing-to-db, expect: deny, to: card-db, severity: low}\n"
    files[1].write_text(INTENTS + more, encoding="utf-8")
    assert check(files, "-o", "json") == 2
    said = capsys.readouterr()
    assert said.err.startswith("murenger: intents app-works and nothing-to-db contradict each other: ")
    (named,) = json.loads(said.out)["contradictions"]
    assert (named["permit"], named["deny"]) == ("app-works", "nothing-to-db")
    assert packet_from_json(named["witness"]).dport == 5432


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--intents", "absent.yml", "cannot be read"),
        ("--config", "absent.conf", "cannot be read"),
        ("--intents", None, "with all of --platform, --config and --intents"),
    ],
)
def test_what_is_missing_is_2_with_one_line(
    files: tuple[pathlib.Path, pathlib.Path],
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str | None,
    says: str,
) -> None:
    argv = {"--platform": "eos", "--config": str(files[0]), "--intents": str(files[1]), option: value}
    given = [word for name, said in argv.items() if said is not None for word in (name, said)]
    assert main(["intents", "check", *given]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def commit(bench: Any, text: str) -> None:
    """Commit intents.yml to the golden repository, signed as golden policy is."""
    (bench.site / "golden" / "intents.yml").write_text(text, encoding="utf-8")
    bench.git("add", "intents.yml")
    bench.git(
        *("-c", "gpg.format=ssh", "-c", f"user.signingkey={bench.alice}", "commit", "-S", "-q", "-m", "intents"),
        GIT_AUTHOR_EMAIL="alice@example.net",
        GIT_COMMITTER_EMAIL="alice@example.net",
    )


SITE = """\
version: 1
segments:
  - {name: elsewhere, prefixes: [203.0.113.0/24]}
  - {name: beyond, prefixes: [198.51.100.0/24]}
intents:
  - {name: nowhere, expect: EXPECT, from: elsewhere, to: elsewhere, severity: low}
  - {name: others, expect: deny, to: beyond, severity: low, devices: [leaf2]}
"""


def test_a_sites_golden_policy_is_checked_against_the_intents_signed_with_it(bench: Any) -> None:
    commit(bench, SITE.replace("EXPECT", "deny"))
    denied = bench.cli("intents", "check", "-o", "json")
    commit(bench, SITE.replace("EXPECT", "permit"))
    permitted = bench.cli("intents", "check", "-o", "json")
    for ran in (denied, permitted):
        (device,) = ran.data["devices"]
        assert (device["device"], device["platform"]) == ("leaf1", "eos")
        # The intent for another device is not asked of this one.
        assert [one["name"] for one in device["intents"]] == ["nowhere"]
    assert (denied.err, permitted.err) == ("", "")
    # Whatever golden permits, it cannot both permit and deny the same.
    assert {denied.code, permitted.code} <= {0, 1}
    assert denied.code == 1 or permitted.code == 1


def test_a_site_without_intents_says_where_they_belong(bench: Any) -> None:
    ran = bench.cli("intents", "check")
    assert ran.code == 2
    assert ran.complaints == [
        "murenger: the golden repository has no intents.yml (commit one, signed as golden policy is, or give --intents)"
    ]
