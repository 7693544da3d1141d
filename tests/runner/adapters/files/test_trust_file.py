"""Trust files: lines with windows that ssh-keygen and our own reader take alike."""

import datetime
import pathlib

import pytest

from murenger.adapters.files.trust_file import add_line, ended, read_trust, trust_line
from murenger.adapters.keys import lint, read_allowed_signers
from murenger.errors import ConfigError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmdjWbHQvdfJjmpBGSb4b8vLTSjlHtHMmr3Sr3FTFOh comment"
START = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
END = datetime.datetime(2026, 12, 1, 8, 30, 15, 999999, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))


def test_a_line_that_was_ended_ends_then_and_says_all_else_it_said(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "trust" / "allowed_signers"
    for name in ("alice@example.net", "bob@example.net"):
        add_line(path, trust_line(name, "git", KEY, start=START, days=365))
    assert path.stat().st_mode & 0o777 == 0o644
    path.write_text("# people\n\n" + ended(read_trust(path), 2, END))
    assert lint(path.read_text()) == ()
    alice, bob = read_allowed_signers(path)
    assert bob.valid_before == datetime.datetime(2026, 12, 1, 7, 30, 15, tzinfo=datetime.UTC)
    assert alice.valid_before == START + datetime.timedelta(days=365)
    assert (bob.valid_after, bob.namespaces, bob.key_blob) == (START, ("git",), alice.key_blob)


def test_a_line_without_an_end_gets_one(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "allowed_signers"
    path.write_text(ended(f'alice@example.net namespaces="git,x@y",cert-authority {KEY}\n', 1, END))
    (alice,) = read_allowed_signers(path)
    assert alice.valid_before is not None
    assert (alice.namespaces, alice.certificate_authority) == (("git", "x@y"), True)


def test_a_line_is_added_once_and_never_glued_to_another(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "allowed_signers"
    line = trust_line("alice@example.net", "git", KEY, start=START, days=1)
    path.write_text(f'bob@example.net namespaces="git" {KEY}')
    for _ in range(2):
        add_line(path, line)
    assert [signer.principals for signer in read_allowed_signers(path)] == [
        ("bob@example.net",),
        ("alice@example.net",),
    ]


@pytest.mark.parametrize("name", ["", "a b", "*", 'a"b', "!a", "a,b"])
def test_a_name_that_cannot_stand_there_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        trust_line(name, "git", KEY, start=START, days=1)
