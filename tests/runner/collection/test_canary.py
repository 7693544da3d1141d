"""Canaries: secrets that a device, an inventory or the environment holds never get out through the collection.

Input: one site with an emulated switch whose secrets are known words. Output: pass, or where a word was found.
"""

import base64
import binascii
import os
import pathlib
import shutil
import subprocess
import sys
import types
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from murenger.adapters.ansible import launch

GOLDEN_SECRET = "CANARYGOLDENcommunity"
LIVE_SECRET = "CANARYLIVEcommunity"
ENVIRONMENT_SECRET = "CANARYENVvalue"

pytestmark = [pytest.mark.slow, pytest.mark.lab(namespaces=False), pytest.mark.usefixtures("collections")]

ALL_MODULES = """
- hosts: leaf1
  gather_facts: false
  tasks:
    - murenger.drift.live_config_info: {text: true}
    - murenger.drift.drift_info:
    - murenger.drift.plan:
    - murenger.drift.golden_config: {signing_key: ALICE}
      check_mode: true
    - murenger.drift.change_record_info: {verify: true, kind: drift}
    - murenger.drift.change_record_info: {number: 2}
"""


def forms(secret: str) -> Iterator[bytes]:
    """Yield the writings in which a secret could hide."""
    raw = secret.encode()
    yield raw
    yield binascii.hexlify(raw)
    yield urllib.parse.quote(secret, safe="").encode()
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + raw)
        # The first and the last group depend on what stands around the secret.
        yield whole[4 if offset else 0 : -4]


def leaks(folder: pathlib.Path, secrets: list[str], given: set[pathlib.Path]) -> list[str]:
    """Return each file below a folder that holds a secret, except those that were given with it."""
    return [
        f"{path.relative_to(folder)}: {secret[:12]}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in given
        for secret in secrets
        if any(form in path.read_bytes() for form in forms(secret))
    ]


@pytest.fixture
def kept(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Keep the private folders of plays, which are removed otherwise, and return where."""
    folder = tmp_path / "seen"
    folder.mkdir()

    def keep(play: pathlib.Path, **_: bool) -> None:
        shutil.copytree(play, folder / play.name)
        shutil.rmtree(play)

    monkeypatch.setattr(launch, "shutil", types.SimpleNamespace(rmtree=keep))
    return folder


@pytest.fixture
def play(bench: Any, kept: pathlib.Path) -> Any:
    """Give a function that runs ansible-playbook at its most talkative, and keeps what it said."""

    def played(*arguments: str, says_all: bool = True) -> int:
        number = len(list(kept.glob("play*")))
        environment = {
            **os.environ,
            "ANSIBLE_LOG_PATH": str(kept / f"log{number}"),
            "ANSIBLE_DISPLAY_TRACEBACK": "always" if says_all else "never",
            "OF_THE_PARENT": ENVIRONMENT_SECRET,
        }
        command = (sys.executable, "-m", "ansible", "playbook", "-i", str(bench.inventory), *arguments)
        done = subprocess.run(
            (*command, *(("-vvvv",) if says_all else ())),
            env=environment,
            cwd=bench.site,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        (kept / f"play{number}").write_bytes(done.stdout)
        return done.returncode

    return played


@pytest.fixture
def secrets(bench: Any) -> list[str]:
    """Put known words where a switch keeps its secrets, golden and live, beside a rogue rule; return every secret."""
    switch = bench.switch
    switch.type(f"snmp-server community {GOLDEN_SECRET} ro")
    assert bench.accept("leaf1").code == 0
    switch.type(f"no snmp-server community {GOLDEN_SECRET}", f"snmp-server community {LIVE_SECRET} ro")
    switch.drift()
    stored = [line.split()[-1] for line in switch.running().splitlines() if " key 7 " in line or " sha512 " in line]
    assert len(stored) > 2
    return [GOLDEN_SECRET, LIVE_SECRET, ENVIRONMENT_SECRET, *switch.passwords.values(), *stored]


def write_play(bench: Any) -> str:
    tasks = yaml.safe_load(ALL_MODULES.replace("ALICE", str(bench.alice)))
    path = bench.site / "all.yml"
    path.write_text(yaml.safe_dump(tasks), encoding="utf-8")
    return str(path)


def given(bench: Any) -> set[pathlib.Path]:
    return {bench.inventory}


def test_no_secret_leaves_through_plays_that_look(
    bench: Any, kept: pathlib.Path, play: Any, secrets: list[str]
) -> None:
    assert play(write_play(bench), "--diff") == 0
    assert play("murenger.drift.compare", "-l", "leaf1", says_all=False) == 0
    bench.sanction()
    assert play("murenger.drift.heal", "-l", "leaf1", "--check", "--diff") == 0
    said = (kept / "play0").read_bytes() + (kept / "play2").read_bytes()
    assert b"<redacted>" in said, "the changed secret was looked at"
    assert b"CDE-IN" in said, "the drift was shown"
    assert not leaks(bench.folder, secrets, given(bench)) + leaks(kept, secrets, set())


def test_no_secret_leaves_through_a_heal_by_the_runner(
    bench: Any, kept: pathlib.Path, monkeypatch: pytest.MonkeyPatch, secrets: list[str]
) -> None:
    monkeypatch.setenv("OF_THE_PARENT", ENVIRONMENT_SECRET)
    bench.sanction()
    done = bench.cli("heal", "leaf1")
    assert done.code == 0, done
    assert f"snmp-server community {GOLDEN_SECRET} ro" in bench.switch.running(), "the secret was filled in"
    assert list(kept.glob("murenger-play-*/artifacts/*/job_events/*.json")), "ansible-runner left its events"
    (kept / "out").write_text(done.out + done.err, encoding="utf-8")
    assert not leaks(bench.folder, secrets, given(bench)) + leaks(kept, secrets, set())


def test_no_secret_leaves_through_a_heal_that_fails(
    bench: Any, kept: pathlib.Path, play: Any, secrets: list[str]
) -> None:
    bench.switch.type("no username healer")
    bench.sanction()
    assert play("murenger.drift.heal", "-l", "leaf1", "--diff") == 2
    assert play("murenger.drift.heal", "-l", "leaf1", "--diff", says_all=False) == 2
    assert b"refused the login" in (kept / "play0").read_bytes()
    assert not leaks(bench.folder, secrets, given(bench)) + leaks(kept, secrets, set())


@pytest.mark.parametrize("number", range(5))
def test_the_search_finds_a_secret_in_each_of_its_writings(tmp_path: pathlib.Path, number: int) -> None:
    secret = "a secret/with+signs"
    around = [
        secret.encode(),
        binascii.hexlify(secret.encode()),
        urllib.parse.quote(secret, safe="").encode(),
        base64.b64encode(f"x{secret}y".encode()),
        base64.b64encode(f"user:{secret}".encode()),
    ]
    (tmp_path / "artifact").write_bytes(b"before" + around[number] + b"after")
    assert leaks(tmp_path, [secret], set()) == ["artifact: a secret/wit"]
