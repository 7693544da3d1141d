"""Looking: never opens the credential that heals, never writes, and shows what a device says without obeying it."""

import html
import json
import pathlib
import re
from typing import Any

import pytest

from murenger.lab.eos.scenarios import HOSTILE_DESCRIPTIONS

# Every verb that only looks; each must leave the whole site as it is, byte for byte.
LOOKING = [
    ("status",),
    ("status", "-o", "json"),
    ("diff",),
    ("diff", "-o", "json"),
    ("plan", "leaf1", "--check"),
    ("heal", "leaf1", "--check"),
    ("heal", "leaf1", "-C", "-o", "json"),
    ("golden", "show", "leaf1"),
    ("golden", "history", "leaf1"),
    ("golden", "verify"),
    ("log",),
    ("show", "1"),
    ("verify",),
    ("config", "check"),
    ("config", "show"),
    ("keys", "list"),
    ("doctor", "--devices"),
]
# These tell what murenger.yml refers to, so they name the file that is missing.
ABOUT_SETTINGS = ("config", "doctor")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("verb", LOOKING, ids=" ".join)
def test_looking_writes_nothing_and_never_opens_the_credential_that_heals(
    bench: Any, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    bench.edit("{inventory: murenger_heal_user}", "{env: NOT_SET_ANYWHERE}")
    bench.edit("{inventory: murenger_heal_password}", "{file: /nonexistent/heal}")
    bench.edit("    ssh_key: {inventory: murenger_heal_ssh_key}\n", "")
    bench.switch.drift()
    before, running = bench.everything(), bench.switch.running()
    done = bench.cli(*verb)
    if verb[0] not in ABOUT_SETTINGS:
        assert "/nonexistent/heal" not in done.out + done.err
        assert "NOT_SET_ANYWHERE" not in done.out + done.err
        assert done.code in {0, 1, 3}, done
    assert bench.everything() == before
    assert bench.switch.running() == running
    assert bench.switch.users() <= {"reader"}


def test_healing_does_need_the_credential_that_heals(bench: Any) -> None:
    bench.edit("{inventory: murenger_heal_password}", "{file: /nonexistent/heal}")
    bench.switch.drift()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    plan = site.plan(site.examine(device))
    running = bench.switch.running()
    outcome = site.remediate(device, plan.sha256)
    assert outcome.verdict.value == "not-applied"
    assert "/nonexistent/heal" in outcome.reason
    assert bench.switch.running() == running


def test_hostile_text_is_compared_exactly_shown_escaped_and_restored_exactly(bench: Any) -> None:
    bench.switch.drift("hostile-description")
    hostile = bench.switch.running()
    shown = [
        bench.cli(*verb)
        for verb in (("status",), ("diff",), ("diff", "-o", "json"), ("plan", "leaf1"), ("plan", "leaf1", "-o", "json"))
    ]
    assert [done.code for done in shown] == [1] * 5
    assert bench.accept("leaf1").code == 0
    assert bench.cli("status").code == 0
    bench.switch.drift("revert")
    assert bench.cli("diff").code == 1
    bench.sanction()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value == "healed", outcome.reason
    assert sorted(bench.switch.running().splitlines()) == sorted(hostile.splitlines())
    assert bench.cli("status").code == 0
    count = len(bench.records())
    shown += [bench.cli("log"), bench.cli("log", "-o", "json"), bench.cli("golden", "show", "leaf1")]
    shown += [bench.cli("show", str(number), *form) for number in range(count) for form in ((), ("-o", "json"))]
    for done in shown:
        assert not _CONTROL.search(done.out + done.err), done
    assert bench.cli("verify").code == 3
    assert "{{ 7*7 }}" in shown[1].out, "never rendered"


def test_json_gives_hostile_text_back_exactly(bench: Any) -> None:
    bench.switch.drift("hostile-description")
    (entry,) = bench.cli("diff", "-o", "json").data["devices"]
    live = [str(difference["live"]) for difference in entry["differences"]]
    assert [line for line in live if "{{ 7*7 }}" in line]
    for text in HOSTILE_DESCRIPTIONS[:2]:
        assert [line for line in live if text in line or html.unescape(text) in line], text


def test_a_look_alike_placeholder_is_text_and_is_never_filled(bench: Any) -> None:
    golden = (bench.site / "golden" / "devices" / "leaf1" / "running.conf").read_text()
    (placeholder, *_) = re.findall(r"<murenger-secret:[^>]+>", golden)
    bench.switch.type("interface Ethernet3", f"description {placeholder}")
    done = bench.cli("diff")
    assert done.code == 1
    assert bench.accept("leaf1").code == 0
    assert bench.cli("status").code == 0
    bench.switch.type("interface Ethernet3", "description other")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value == "healed", outcome.reason
    assert f"description {placeholder}" in bench.switch.running()


def secret_line(bench: Any) -> str:
    """Return the line of the break-glass account on the switch."""
    lines = str(bench.switch.running()).splitlines()
    return next(line for line in lines if line.startswith("username emergency"))


def test_a_changed_secret_is_drift_without_its_value_and_is_healed_from_the_sidecar(bench: Any) -> None:
    golden = secret_line(bench)
    bench.switch.drift("secret")
    changed = secret_line(bench)
    assert changed != golden
    verbs = (("status",), ("diff",), ("diff", "-o", "json"), ("plan", "leaf1"), ("plan", "leaf1", "-o", "json"))
    shown = [bench.cli(*verb) for verb in verbs]
    assert [done.code for done in shown] == [1] * 5
    assert "username emergency" in shown[1].out
    bench.sanction()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value == "healed", outcome.reason
    assert secret_line(bench) == golden
    shown += [bench.cli("show", str(number), "-o", "json") for number in range(len(bench.records()))]
    secrets = [line.split()[-1] for line in (golden, changed)] + list(bench.switch.passwords.values())
    for done in shown:
        assert not [secret for secret in secrets if secret in done.out + done.err]
    leaks = [
        str(path)
        for path in bench.site.rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]
    assert leaks == []


def test_every_secret_of_the_switch_stays_out_of_the_site(bench: Any) -> None:
    pattern = re.compile(r"(?:secret sha512|key 7|community) (\S+)")
    secrets = pattern.findall(bench.switch.running())
    assert len(secrets) >= 6
    for path in bench.site.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content], path
    objects = bench.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    for line in objects:
        name, kind = line.split()
        if kind == "blob":
            text = bench.git("cat-file", "blob", name)
            assert not [secret for secret in secrets if secret in text]


NFTABLES = """\
table inet fw {{
\tchain input {{
\t\ttype filter hook input priority filter; policy drop;
\t\ttcp dport 22 accept comment "{name}"
\t}}
}}
"""
# For each platform a text, and what a difference in `name` is shown with.
FILES = {
    "eos": ("! device: x (vEOS-lab, EOS-4.33.1F)\n!\nhostname {name}\n!\nend\n", "hostname"),
    "junos": ("version 22.4R1;\nsystem {{\n    host-name {name};\n}}\n", "host-name"),
    "nftables": (NFTABLES, "tcp dport 22"),
}


@pytest.mark.parametrize("platform", sorted(FILES))
def test_two_files_are_compared_without_a_site(
    bench: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.chdir(tmp_path)
    template, where = FILES[platform]
    for name in ("golden", "same", "live"):
        text = template.format(name="one" if name != "live" else "two")
        (tmp_path / f"{name}.conf").write_text(text)
    (tmp_path / "cut.conf").write_text(template.format(name="one")[:-12])
    files = ("diff", "--platform", platform, "--golden", "golden.conf", "--live")
    same, drift, cut, missing = (bench.run(*files, f"{name}.conf") for name in ("same", "live", "cut", "missing"))
    assert (same.code, drift.code, cut.code, missing.code) == (0, 1, 2, 2)
    assert where in drift.out
    for refused in (cut, missing):
        assert len(refused.complaints) == 1
        assert refused.out == ""
    data = bench.run(*files, "live.conf", "-o", "json").data
    assert data["in_sync"] is False
    assert data["differences"]
    assert data["impact"]
    assert str(data["schema"]).startswith("murenger.")
    assert bench.run(*files, "same.conf", "-o", "json").data["in_sync"] is True


@pytest.mark.parametrize(
    "argv",
    [("--platform", "eos"), ("--golden", "a"), ("--platform", "eos", "--golden", "a"), ("--live", "a")],
)
def test_two_files_want_all_three_options(bench: Any, argv: tuple[str, ...]) -> None:
    done = bench.run("diff", *argv)
    assert done.code == 2
    assert "--platform, --golden and --live" in done.err


def test_json_of_every_looking_verb_is_one_document_with_a_schema(bench: Any) -> None:
    bench.switch.drift()
    for verb in LOOKING:
        if "json" in verb:
            continue
        done = bench.cli(*verb, "-o", "json")
        loaded = json.loads(done.out)
        assert re.fullmatch(r"murenger\.[a-z.]+/\d+", loaded["schema"]), verb
