"""`murenger keys`: making, following and ending keys, with their records; ssh-agent does as well as a file."""

import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from murenger.adapters.files.ledger import FileLedger
from murenger.errors import LedgerError

ROLE = "change-record@murenger"


def keygen(path: pathlib.Path, *options: str) -> pathlib.Path:
    command = ("ssh-keygen", "-q", *(options or ("-t", "ed25519")), "-N", "", "-C", path.name, "-f", str(path))
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return path


def print_of(path: pathlib.Path) -> str:
    done = subprocess.run(("ssh-keygen", "-l", "-f", str(path)), check=True, capture_output=True, text=True)
    return done.stdout.split()[1]


def trust(bench: Any) -> str:
    return str((bench.site / "trust/allowed_signers").read_text())


def window(line: str) -> tuple[datetime.datetime, datetime.datetime]:
    found = [re.search(rf'valid-{word}="(\d+)Z"', line)[1] for word in ("after", "before")]  # type: ignore[index]  # every line of ours has both
    start, end = (datetime.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC) for text in found)
    return start, end


def newest(bench: Any) -> pathlib.Path:
    return pathlib.Path(max(bench.store.glob("days/*/records/*.json"), key=lambda path: path.name))


def check_signature(bench: Any, record: pathlib.Path, at: datetime.datetime) -> int:
    """Let ssh-keygen judge a record's signature by the trust file as of a time."""
    command = (
        *("ssh-keygen", "-Y", "verify", "-n", ROLE, "-I", "murenger", "-s", f"{record}.sig"),
        *("-O", f"verify-time={at:%Y%m%d%H%M%SZ}", "-f", str(bench.site / "trust/allowed_signers")),
    )
    with record.open("rb") as content:
        return subprocess.run(command, stdin=content, capture_output=True, check=False).returncode


@pytest.fixture
def agent(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """Give a real ssh-agent of our own."""
    socket = pathlib.Path(f"/tmp/agent-{os.getpid()}-{tmp_path.name[-8:]}")
    process = subprocess.Popen(("ssh-agent", "-D", "-a", str(socket)), stdout=subprocess.DEVNULL)
    deadline = datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(seconds=30)
    while not socket.exists():
        assert datetime.datetime.now(tz=datetime.UTC) < deadline
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield socket
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    with contextlib.suppress(FileNotFoundError):
        socket.unlink()


def test_rotation_is_announced_by_the_old_key_and_both_count_past_todays_seal(
    bench: Any, tmp_path: pathlib.Path
) -> None:
    new, old = keygen(tmp_path / "new"), print_of(bench.site / "keys/runner")
    done = bench.cli("keys", "rotate", "--key", str(new), "-o", "json")
    assert done.code == 0, done.err
    record = bench.records("key-event")[-1]
    own = record["key-event"]
    assert (own["action"], own["key_fp"], own["replaces_key_fp"]) == ("rotate", print_of(new), old)
    assert record["executor"]["key_fp"] == old
    assert done.data["fingerprint"] == print_of(new)
    lines = [line for line in trust(bench).splitlines() if ROLE in line]
    (old_start, old_end), (new_start, new_end) = map(window, lines)
    assert old_start <= new_start < old_end < new_end
    midnight = new_start.replace(hour=0, minute=0, second=0) + datetime.timedelta(days=1)
    assert old_end >= midnight + datetime.timedelta(days=1)
    # ssh-keygen itself: the announcement holds now and at the latest time of today's seal, not after the overlap.
    announced = newest(bench)
    assert check_signature(bench, announced, new_start + datetime.timedelta(seconds=1)) == 0
    assert check_signature(bench, announced, midnight + datetime.timedelta(hours=24)) == 0
    assert check_signature(bench, announced, old_end + datetime.timedelta(seconds=2)) != 0
    bench.edit("key: keys/runner", f"key: {new}")
    assert bench.cli("keys", "rotate", "--key", str(keygen(tmp_path / "third"))).code == 0
    assert bench.records("key-event")[-1]["executor"]["key_fp"] == print_of(new)
    assert bench.cli("verify").code == 3


def test_the_record_names_the_trust_file_as_it_is_afterwards(bench: Any, tmp_path: pathlib.Path) -> None:
    assert bench.cli("keys", "rotate", "--key", str(keygen(tmp_path / "new"))).code == 0
    subject = json.loads(newest(bench).read_bytes())["subject"]
    digest = hashlib.sha256((bench.site / "trust/allowed_signers").read_bytes()).hexdigest()
    assert {"name": "trust/allowed_signers", "digest": {"sha256": digest}} in subject


def test_a_key_in_an_agent_signs_for_the_runner(bench: Any, tmp_path: pathlib.Path, agent: pathlib.Path) -> None:
    del agent
    new = keygen(tmp_path / "new")
    subprocess.run(("ssh-add", "-q", str(new)), check=True, stdin=subprocess.DEVNULL, capture_output=True)
    new.unlink()
    public = new.with_name("new.pub")
    assert bench.cli("keys", "rotate", "--key", str(public)).code == 0
    bench.edit("key: keys/runner", f"key: {public}")
    bench.switch.drift()
    assert bench.cli("plan", "leaf1").code == 1
    assert bench.records()[-1]["executor"]["key_fp"] == print_of(public)
    assert check_signature(bench, newest(bench), datetime.datetime.now(tz=datetime.UTC)) == 0
    assert bench.cli("verify").code == 3


def test_a_custodian_decides_with_a_key_of_their_own(bench: Any, tmp_path: pathlib.Path) -> None:
    custodian = keygen(tmp_path / "custodian")
    new = str(keygen(tmp_path / "new"))
    refused = bench.cli("keys", "rotate", "--key", new, "--custodian", str(custodian))
    assert refused.code == 2
    assert not bench.records("key-event")
    assert bench.cli("keys", "trust", "carol@example.net", f"{custodian}.pub", "--role", "custodian").code == 0
    assert bench.cli("keys", "rotate", "--key", new, "--custodian", str(custodian)).code == 0
    approval = bench.records("key-event")[-1]["approval"]
    assert (approval["principal"], approval["key_fp"]) == ("carol@example.net", print_of(custodian))
    (decision,) = bench.store.glob(f"days/*/decisions/{approval['decision_sha256']}.json")
    assert json.loads(decision.read_bytes())["key_fp"] == print_of(pathlib.Path(new))


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--overlap", "1h"), "overlap must last"),
        (("--overlap", "soon"), "no duration"),
        (("--key", "/nonexistent/key"), "no key"),
    ],
)
def test_a_rotation_that_would_hurt_is_refused_and_changes_nothing(
    bench: Any, tmp_path: pathlib.Path, argv: tuple[str, ...], said: str
) -> None:
    before = bench.held(), trust(bench)
    done = bench.cli("keys", "rotate", "--key", str(keygen(tmp_path / "new")), *argv)
    assert done.code == 2
    assert said in done.err
    assert (bench.held(), trust(bench)) == before


def test_a_key_that_counts_already_is_no_new_one(bench: Any) -> None:
    done = bench.cli("keys", "rotate", "--key", str(bench.site / "keys/runner"))
    assert (done.code, "in the trust file already" in done.err) == (2, True)


def test_a_trust_file_is_as_it_was_if_the_event_cannot_be_recorded(
    bench: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LedgerError("no space left")

    before = trust(bench)
    monkeypatch.setattr(FileLedger, "append", full)
    assert bench.cli("keys", "rotate", "--key", str(keygen(tmp_path / "new"))).code == 2
    assert trust(bench) == before


def test_revocation_ends_the_key_and_names_what_is_suspect(bench: Any) -> None:
    bench.switch.drift()
    assert bench.cli("plan", "leaf1").code == 1
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    site.remediate(device, site.plan(site.examine(device)).sha256)
    used = [
        record["seq"]
        for record in bench.records()
        if record.get("approval", {}).get("principal") == "alice@example.net"
    ]
    end = datetime.datetime.fromisoformat(bench.records()[0]["written_at"])
    told = f"{end:%Y-%m-%dT%H:%M:%SZ}"
    alice = print_of(bench.alice)
    done = bench.cli(
        "keys", "revoke", "alice@example.net", "--valid-before", told, "--reason", "laptop stolen", "-o", "json"
    )
    assert done.code == 0, done.err
    own = bench.records("key-event")[-1]["key-event"]
    assert (own["action"], own["key_fp"], own["reason"]) == ("compromise", alice, "laptop stolen")
    assert own["suspect"] == used == done.data["suspect"]
    assert own["suspect_from"][:19] == told[:19]
    # She reviews golden policy with the same key, which the other trust file names.
    for text in (trust(bench), (bench.site / "trust/golden_signers").read_text()):
        (line,) = [line for line in text.splitlines() if "alice" in line]
        assert window(line)[1] == end.replace(microsecond=0)
    assert done.data["anchored_to"] is None


def test_the_key_in_use_cannot_announce_its_own_end(bench: Any) -> None:
    done = bench.cli("keys", "revoke", "murenger", "--valid-before", "2026-01-01T00:00:00Z", "--reason", "x")
    assert done.code == 2
    assert "keys rotate" in done.err
    assert not bench.records("key-event")


def test_after_a_rotation_the_old_key_is_revoked_by_its_fingerprint(bench: Any, tmp_path: pathlib.Path) -> None:
    new, old = keygen(tmp_path / "new"), print_of(bench.site / "keys/runner")
    assert bench.cli("keys", "rotate", "--key", str(new)).code == 0
    bench.edit("key: keys/runner", f"key: {new}")
    now = datetime.datetime.now(tz=datetime.UTC)
    argv = ("--valid-before", f"{now:%Y-%m-%dT%H:%M:%SZ}", "--reason", "stolen")
    ambiguous = bench.cli("keys", "revoke", "murenger", *argv)
    assert (ambiguous.code, "more than one key" in ambiguous.err) == (2, True)
    assert bench.cli("keys", "revoke", old, *argv).code == 0
    lines = [line for line in trust(bench).splitlines() if ROLE in line]
    assert window(lines[0])[1] == now.replace(microsecond=0)
    assert window(lines[1])[1] > now


def test_an_end_is_never_put_off(bench: Any) -> None:
    before = trust(bench)
    done = bench.cli("keys", "revoke", print_of(bench.alice), "--valid-before", "2099-01-01T00:00:00Z", "--reason", "x")
    assert done.code == 2 or trust(bench) == before


@pytest.mark.parametrize("text", ["yesterday", "2026-11-21T12:00:00"])
def test_a_time_needs_a_zone(bench: Any, text: str) -> None:
    done = bench.cli("keys", "revoke", "alice@example.net", "--valid-before", text, "--reason", "x")
    assert done.code == 2
    assert "2026-11-21T12:00:00Z" in done.err


def test_nobody_of_that_name_is_an_error(bench: Any) -> None:
    argv = ("--valid-before", "2026-11-21T12:00:00Z", "--reason", "x")
    assert "no trust file names" in bench.cli("keys", "revoke", "nobody@example.net", *argv).err


def test_the_list_shows_the_log_and_its_witnesses(bench: Any) -> None:
    vkey = (bench.site / "trust/log.vkey").read_text().strip()
    listed = bench.cli("keys", "list")
    assert f"log  {vkey}" in listed.out
    assert vkey.startswith("test.example.net+")
    assert bench.cli("keys", "list", "-o", "json").data["log"] == vkey


def test_the_list_is_told_even_if_the_log_key_is_gone(bench: Any) -> None:
    (bench.site / "keys/log.pem").unlink()
    listed = bench.cli("keys", "list")
    assert (listed.code, "alice@example.net" in listed.out, "log.pem" in listed.err) == (0, True, True)


def test_the_log_key_is_made_once(bench: Any) -> None:
    assert "exists already" in bench.cli("keys", "generate", "--log").err
    (bench.site / "keys/log.pem").unlink()
    made = bench.cli("keys", "generate", "--log", "-o", "json")
    assert made.code == 0, made.err
    path = bench.site / "keys/log.pem"
    assert path.stat().st_mode & 0o777 == 0o400
    assert (bench.site / "trust/log.vkey").read_text().strip() == made.data["log"]
    # openssl reads what we wrote.
    done = subprocess.run(
        ("openssl", "pkey", "-in", str(path), "-noout", "-text"), capture_output=True, text=True, check=True
    )
    assert "ED25519" in done.stdout.upper()


def test_the_fips_profile_has_p256_keys_and_no_log_key(bench: Any, tmp_path: pathlib.Path) -> None:
    site = tmp_path / "fips"
    argv = ("--origin", "fips.example.net", "--crypto-profile", "fips")
    assert bench.run("init", str(site), *argv).code == 0
    assert (site / "keys/runner.pub").read_text().startswith("ecdsa-sha2-nistp256 ")
    assert not (site / "keys/log.pem").exists()
    config = ("--config", str(site / "murenger.yml"))
    assert "no log key" in bench.run("keys", "generate", "--log", *config).err
    for suffix in ("", ".pub"):
        (site / f"keys/runner{suffix}").unlink()
    refused = bench.run("keys", "generate", "--kind", "ed25519", *config)
    assert (refused.code, "fips" in refused.err) == (2, True)
    assert bench.run("keys", "generate", *config).code == 0
    assert (site / "keys/runner.pub").read_text().startswith("ecdsa-sha2-nistp256 ")
    refused = bench.run("keys", "rotate", "--key", str(keygen(tmp_path / "ed")), *config)
    assert (refused.code, "ecdsa-sha2-nistp256" in refused.err) == (2, True)
    p256 = keygen(tmp_path / "p256", "-t", "ecdsa", "-b", "256")
    assert bench.run("keys", "rotate", "--key", str(p256), *config).code == 0
