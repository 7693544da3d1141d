"""C30: planted secrets are read, compared and sent back, and stand in nothing that murenger leaves behind."""

import base64
import logging
import pathlib
import re
import shutil
import subprocess
import tempfile
import traceback
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contracts.devices.sites import Workplace, collection, workplace

from murenger.errors import MurengerError
from murenger.lab import material
from murenger.model import OutcomeVerdict

PLAY_FOLDERS = "murenger-play-"
# How each platform is told a secret, and what of it then stands in the text that is read.
PLANTED = {
    "nftables": (
        ("nft add rule inet murenger forward tcp dport 9 drop comment '\"password: {0}\"'",),
        r"password: ([^\s\"]+)",
    ),
    "eos": (
        ("snmp-server community {0} ro", "tacacs-server host 192.0.2.11 key {0}t"),
        r"(?:community|key 7|sha512) (\S+)",
    ),
    "junos": (
        (
            "set snmp community {0} authorization read-only",
            'set system radius-server 192.0.2.18 secret "$9${0}"',
            "commit",
        ),
        r"(?:community|secret|password) \"?(\$?[^\s\";]{8,})",
    ),
}
# A line that the device refuses, with a secret in it: what it says about the line must not be passed on.
REFUSED = {
    "nftables": ("chain input {\n", 'chain input {\n\t\ttcp dport nonsense drop comment "password: {0}"\n'),
    "eos": ("\nend\n", "\nsnmp-server community {0} sideways\nend\n"),
    "junos": ("\nsnmp {\n", '\nsnmp {\n    encrypted-password "{0}";\n'),
}
CHANGED = {
    "nftables": ("nft flush chain inet murenger input", "nft add rule inet murenger input accept"),
    "eos": ("tacacs-server host 192.0.2.11 key {0}",),
    "junos": ('set system radius-server 192.0.2.18 secret "$9${0}"', "commit"),
}


def forms(value: str) -> Iterator[bytes]:
    """Yield the usual writings of a secret."""
    raw = value.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield urllib.parse.quote(value, safe="").encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            start, stop = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
            yield encode(bytes(offset) + raw)[start:stop]


def git_objects(repository: pathlib.Path) -> bytes:
    """Return every object of a repository, decompressed, reachable or not."""
    listed = subprocess.run(
        ["git", "-C", str(repository), "cat-file", "--batch-all-objects", "--batch"], capture_output=True, check=True
    )
    assert listed.stdout
    return listed.stdout


def leaks(secrets: set[str], folders: list[pathlib.Path], told: dict[str, bytes]) -> list[str]:
    """Return where a secret stands, in any writing: in files, in git objects, or in what was told."""
    content = dict(told)
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content[str(path)] = path.read_bytes()
            elif (path / ".git").is_dir():
                content[f"{path} objects"] = git_objects(path)
    wanted = {form for secret in secrets for form in forms(secret)}
    assert all(len(form) >= 8 for form in wanted)
    return [f"{place}: {form!r}" for place, text in content.items() for form in wanted if form in text]


class Ears:
    """Keeps everything that is said while a secret could slip out."""

    def __init__(self, place: Workplace) -> None:
        self.told: dict[str, bytes] = {}
        self._place = place

    def verb(self, *words: str) -> int:
        """Run a verb and keep what it prints."""
        said = self._place.verb(*words)
        self.told[" ".join(words)] = (said.out + said.err).encode("utf-8", "surrogateescape")
        return said.code

    def failing(self, sha256: str) -> None:
        """Carry out a plan that must fail, and keep the exception with all that caused it."""
        try:
            outcome = self._place.site().remediate(self._place.bench.device, sha256)
        except MurengerError as exc:
            self.told["exception"] = f"{exc} {exc!r} {traceback.format_exc()}".encode()
        else:
            assert outcome is not None
            assert outcome.verdict is not OutcomeVerdict.HEALED
            self.told["outcome"] = repr(outcome).encode()


@pytest.fixture
def kept_plays(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Keep a copy of what ansible-runner wrote, which is removed when a play has ended."""
    kept = tmp_path / "plays"
    remove = shutil.rmtree

    def keep(path: Any, *args: Any, **options: Any) -> None:
        if pathlib.Path(path).name.startswith(PLAY_FOLDERS):
            shutil.copytree(path, kept / pathlib.Path(path).name, ignore=shutil.ignore_patterns("*.sock"))
        remove(path, *args, **options)

    monkeypatch.setattr(shutil, "rmtree", keep)
    return kept


def plant(bench: Any) -> set[str]:
    """Put secrets on the device, and return them as they stand in what it says."""
    lines, pattern = PLANTED[bench.platform]
    canary = "canary" + material.password()[:18].replace("-", "x").replace("_", "y")
    bench.type(*(line.format(canary) for line in lines))
    text = bench.read().text
    found = set(re.findall(pattern, text))
    assert any(canary in value for value in found), "the canary was never read"
    return {value.removeprefix("$9$") for value in found} | {canary}


def test_c30_a_planted_secret_stands_in_nothing_that_is_left_behind(
    bench: Any,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kept_plays: pathlib.Path,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    caplog.set_level(logging.DEBUG)
    secrets = plant(bench) | {login.password for login in bench.description.logins}
    place = workplace(bench, tmp_path / "work")
    ears = Ears(place)
    check_that_it_was_read(place, secrets)
    changed = f"changed{material.password()[:16].replace('-', 'x').replace('_', 'y')}"
    refused = f"refused{material.password()[:16].replace('-', 'x').replace('_', 'y')}"
    before, golden = bench.running(), bench.read().text
    bench.type(*(line.format(changed) for line in CHANGED[bench.platform]))
    bench.play(bench.rogue)
    secrets |= {
        changed,
        refused,
        *(plain.removeprefix("$9$") for plain in re.findall(PLANTED[bench.platform][1], bench.read().text)),
    }
    for words in (("status",), ("diff",), ("diff", "-o", "json"), ("plan", bench.name, "-o", "json")):
        assert ears.verb(*words) == 1, words
    with collection(tmp_path):
        fail(place, ears, golden, refused)
        place.sanction()
        assert ears.verb("heal", bench.name, "-o", "json") == 0, ears.told
    assert bench.running() == before
    for shown in (("log",), ("log", "-o", "json"), ("show", "6"), ("golden", "show", bench.name)):
        ears.verb(*shown)
    assert ears.verb("verify") == 3
    assert list(kept_plays.iterdir()), "no play was run"
    ears.told["log of this process"] = caplog.text.encode()
    folders = [place.folder, scratch, kept_plays]
    assert not leaks(secrets, folders, ears.told)
    assert not list(scratch.iterdir())
    check_that_leaks_are_found(place, secrets, tmp_path)


def fail(place: Workplace, ears: Ears, golden: str, secret: str) -> None:
    """Let a heal fail at a line that holds a secret, in this process and in a play; then make golden what it was."""
    bench = place.bench
    old, new = REFUSED[bench.platform]
    assert old in golden
    for name, text in (("spoilt", golden.replace(old, new.replace("{0}", secret), 1)), ("sound", golden)):
        # Outside every folder that is searched: this is the reviewer's own file.
        path = place.key.parent / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        accepted = ears.verb("golden", "accept", bench.name, "--key", str(place.key), "--from", str(path))
        if accepted == 0 and name == "spoilt":
            site = place.site()
            place.sanction()
            ears.failing(site.plan(site.examine(bench.device)).sha256)
            assert ears.verb("heal", bench.name) == 2
    assert accepted == 0, ears.told


def check_that_it_was_read(place: Workplace, secrets: set[str]) -> None:
    """The product must have had the secrets in its hands, or finding none proves nothing."""
    known = set(place.site().examine(place.bench.device).secrets.values())
    assert any(secret in value for secret in secrets for value in known), "no planted secret was ever known"
    sidecars = list(place.folder.glob("golden/**/*.vault*"))
    assert sidecars


def check_that_leaks_are_found(place: Workplace, secrets: set[str], folder: pathlib.Path) -> None:
    """A search that finds nothing must be one that could."""
    secret = max(secrets, key=len)
    spoilt = folder / "spoilt"
    shutil.copytree(place.folder / "golden", spoilt / "golden")
    for number, form in enumerate(forms(secret)):
        (spoilt / "file").write_bytes(b"before " + form + b" after")
        assert leaks({secret}, [spoilt], {}), number
    (spoilt / "file").unlink()
    assert not leaks({secret}, [spoilt], {})
    told = f"user:{secret}".encode()
    subprocess.run(
        ["git", "-C", str(spoilt / "golden"), "hash-object", "-w", "--stdin"],
        input=base64.b64encode(told),
        capture_output=True,
        check=True,
    )
    assert leaks({secret}, [spoilt], {})
