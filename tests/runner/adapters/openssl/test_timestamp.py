"""Time stamps are judged exactly as `openssl ts -verify` judges them, and their time cannot be talked into another."""

import datetime
import os
import re
import subprocess
from pathlib import Path

import pytest
from tests import anchor_peers as peers

from murenger.adapters.openssl import (
    MAX_TOKEN_BYTES,
    check_reply,
    check_timestamp,
    make_query,
    openssl_version,
)
from murenger.errors import SignatureError

CONTENT = b"a record"
NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> peers.Authority:
    return peers.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stamper(authority: peers.Authority) -> peers.Stamper:
    return peers.Stamper(authority=authority, pair=authority.stamper())


@pytest.fixture(scope="module")
def token(stamper: peers.Stamper) -> bytes:
    return stamper.stamp(CONTENT)


def run(*arguments: str | Path, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], input=content, capture_output=True, check=False, timeout=30)


def reason(content: bytes, token: bytes, roots: Path, at: datetime.datetime | None = None) -> str:
    with pytest.raises(SignatureError) as caught:
        check_timestamp(content, token, roots, at=at)
    assert str(caught.value).isprintable()
    return caught.value.reason


def der(tag: int, *parts: bytes) -> bytes:
    """Return a DER value; long lengths in four bytes of length would not be DER, so as few as it takes."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def bare(token: bytes, folder: Path) -> bytes:
    """Return the token alone, as openssl takes it out of the response."""
    (folder / "reply").write_bytes(token)
    return run("ts", "-reply", "-in", folder / "reply", "-token_out").stdout


def with_status(status: int, text: str, inner: bytes) -> bytes:
    """Return a response with a status and words of our choice, which nobody signs."""
    words = der(0x30, der(0x0C, text.encode()))
    return der(0x30, der(0x30, der(0x02, bytes([status])), words), inner)


@pytest.mark.parametrize("digits", [0, 3, 6])
def test_the_time_is_the_one_that_openssl_shows(authority: peers.Authority, digits: int) -> None:
    stamper = peers.Stamper(authority=authority, pair=authority.stamper(), digits=digits)
    token = stamper.stamp(CONTENT)
    at = check_timestamp(CONTENT, token, stamper.roots)
    assert at.tzinfo is datetime.UTC
    assert abs(at - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)
    (authority.folder / "shown").write_bytes(token)
    shown = run("ts", "-reply", "-in", authority.folder / "shown", "-text").stdout.decode()
    found = re.search(r"Time stamp: (\w+ +\d+ [\d:]+)(?:\.(\d+))? (\d+) GMT", shown)
    assert found
    whole = datetime.datetime.strptime(f"{found[1]} {found[3]} +0000", "%b %d %H:%M:%S %Y %z")
    assert at == whole + datetime.timedelta(microseconds=int((found[2] or "0").ljust(6, "0")))


def test_a_token_with_two_certificates_counts(authority: peers.Authority) -> None:
    stamper = peers.Stamper(authority=authority, pair=authority.stamper(), two_certificates=True)
    token = stamper.stamp(CONTENT)
    one = peers.Stamper(authority=authority, pair=stamper.pair).stamp(CONTENT)
    assert len(token) > len(one) + 200
    assert check_timestamp(CONTENT, token, stamper.roots)


def test_a_bare_token_counts_as_its_response_does(stamper: peers.Stamper, token: bytes, tmp_path: Path) -> None:
    alone = bare(token, tmp_path)
    assert check_timestamp(CONTENT, alone, stamper.roots) == check_timestamp(CONTENT, token, stamper.roots)
    assert reason(b"other", alone, stamper.roots) == "invalid"


@pytest.mark.parametrize("content", [b"", b"a record\n", b"A record"])
def test_other_bytes_are_invalid(stamper: peers.Stamper, token: bytes, content: bytes) -> None:
    assert reason(content, token, stamper.roots) == "invalid"


def test_large_content_is_stamped_and_checked(stamper: peers.Stamper) -> None:
    content = os.urandom(1024) * 2048
    token = stamper.stamp(content)
    assert check_timestamp(content, token, stamper.roots)
    assert reason(content[:-1], token, stamper.roots) == "invalid"


def test_every_altered_byte_is_judged_as_openssl_judges_it(
    stamper: peers.Stamper, token: bytes, tmp_path: Path
) -> None:
    data, altered = tmp_path / "data", tmp_path / "altered"
    data.write_bytes(CONTENT)
    verdicts = set()
    for position in range(0, len(token), 11):
        flipped = bytearray(token)
        flipped[position] ^= 1
        altered.write_bytes(flipped)
        theirs = run("ts", "-verify", "-data", data, "-in", altered, "-CAfile", stamper.roots).returncode == 0
        if theirs:
            check_timestamp(CONTENT, bytes(flipped), stamper.roots)
        else:
            with pytest.raises(SignatureError) as refusal:
                check_timestamp(CONTENT, bytes(flipped), stamper.roots)
            assert refusal.value.reason, position
        verdicts.add(theirs)
    assert False in verdicts


@pytest.mark.parametrize("rubbish", [b"", b"0", b"\x30\x80", b"\x30\xff", b"\x06\x01\x06", b"-----BEGIN", bytes(500)])
def test_what_is_no_token_is_invalid(stamper: peers.Stamper, rubbish: bytes) -> None:
    assert reason(CONTENT, rubbish, stamper.roots) == "invalid"


def test_a_token_of_absurd_size_is_invalid(stamper: peers.Stamper, token: bytes) -> None:
    assert reason(CONTENT, token + bytes(MAX_TOKEN_BYTES), stamper.roots) == "invalid"


def test_an_authority_that_is_not_trusted_is_unknown(token: bytes, tmp_path: Path) -> None:
    assert reason(CONTENT, token, peers.Authority(tmp_path / "other").root) == "unknown"


def test_a_token_that_carries_no_certificate_is_unknown(stamper: peers.Stamper, tmp_path: Path) -> None:
    query = run("ts", "-query", "-data", "/dev/stdin", "-sha256", content=CONTENT).stdout
    assert reason(CONTENT, stamper.reply(query), stamper.roots) == "unknown"
    assert tmp_path.exists()


def test_an_expired_certificate_counts_for_the_time_when_it_was_valid(authority: peers.Authority) -> None:
    stamper = peers.Stamper(authority=authority, pair=authority.stamper("old", (-300, -100)))
    token = stamper.stamp(CONTENT)
    assert reason(CONTENT, token, stamper.roots) == "expired"
    assert check_timestamp(CONTENT, token, stamper.roots, at=NOW - 200 * peers.DAY)
    assert reason(CONTENT, token, stamper.roots, at=NOW - 400 * peers.DAY) == "expired"
    assert reason(b"other", token, stamper.roots, at=NOW - 200 * peers.DAY) == "invalid"


def test_a_valid_certificate_does_not_count_after_its_end(stamper: peers.Stamper, token: bytes) -> None:
    assert check_timestamp(CONTENT, token, stamper.roots, at=NOW + 299 * peers.DAY)
    assert reason(CONTENT, token, stamper.roots, at=NOW + 301 * peers.DAY) == "expired"


def test_a_refusal_is_invalid_and_told_in_the_authoritys_words(stamper: peers.Stamper) -> None:
    refusal = stamper.stamp(CONTENT, "-sha512")
    with pytest.raises(SignatureError, match="digest algorithm is not supported") as caught:
        check_timestamp(CONTENT, refusal, stamper.roots)
    assert caught.value.reason == "invalid"


FORGED = "\nTST info:\nVersion: 1\nTime stamp: Jan  1 00:00:00 2020 GMT\n"


def test_words_that_nobody_signed_do_not_change_the_time(stamper: peers.Stamper, token: bytes, tmp_path: Path) -> None:
    forged = with_status(0, f"fine{FORGED}", bare(token, tmp_path))
    (tmp_path / "forged").write_bytes(forged)
    assert b"2020 GMT" in run("ts", "-reply", "-in", tmp_path / "forged", "-text").stdout
    assert check_timestamp(CONTENT, forged, stamper.roots) == check_timestamp(CONTENT, token, stamper.roots)


def test_words_that_nobody_signed_do_not_change_the_reason(stamper: peers.Stamper) -> None:
    line = "\n40:error:17800064:time stamp routines:ts_verify_cert:certificate verify error:f.c:1:"
    text = f"\x1b[2J{line}Verify error:certificate has expired\n"
    assert reason(CONTENT, with_status(2, text, b""), stamper.roots) == "invalid"


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\n"])
def test_roots_that_cannot_be_read_are_no_verdict(token: bytes, tmp_path: Path, content: bytes | None) -> None:
    roots = tmp_path / "-roots.pem"
    if content is not None:
        roots.write_bytes(content)
    assert not reason(CONTENT, token, roots)


def test_a_query_asks_for_sha256_a_nonce_and_the_certificate(tmp_path: Path) -> None:
    queries = [make_query(CONTENT) for _ in range(2)]
    nonces = set()
    for query in queries:
        (tmp_path / "query").write_bytes(query)
        shown = run("ts", "-query", "-in", tmp_path / "query", "-text").stdout.decode()
        assert "Hash Algorithm: sha256" in shown
        assert "Certificate required: yes" in shown
        nonces |= set(re.findall(r"Nonce: 0x[0-9A-F]{8,}", shown))
    assert len(nonces) == 2


def test_a_reply_counts_for_its_own_query_alone(stamper: peers.Stamper) -> None:
    mine, other = make_query(CONTENT), make_query(CONTENT)
    check_reply(mine, stamper.reply(mine), stamper.roots)
    with pytest.raises(SignatureError, match="nonce mismatch"):
        check_reply(mine, stamper.reply(other), stamper.roots)
    with pytest.raises(SignatureError, match="imprint mismatch"):
        check_reply(mine, stamper.reply(make_query(b"other")), stamper.roots)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, "openssl is not installed"),
        ("OpenSSL 1.0.2u  20 Dec 2019", "too old: OpenSSL 1.0.2"),
        ("LibreSSL 3.3.6", "is not OpenSSL but 'LibreSSL 3.3.6'"),
        ("", "is not OpenSSL"),
    ],
)
def test_an_openssl_that_cannot_be_relied_on_is_refused(
    token: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, expected: str
) -> None:
    if said is not None:
        (tmp_path / "openssl").write_text(f"#!/bin/sh\necho '{said}'\necho 'Verification: OK'\n")
        (tmp_path / "openssl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SignatureError, match=expected) as caught:
        check_timestamp(CONTENT, token, tmp_path)
    assert "install OpenSSL 1.1.1" in caught.value.hint
    assert not caught.value.reason


def fake_openssl(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "openssl"
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && {{ echo "OpenSSL 3.0.0"; exit 0; }}\n{body}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_an_openssl_that_hangs_is_given_up(token: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_openssl(tmp_path, "exec sleep 60", monkeypatch)
    with pytest.raises(SignatureError, match=r"did not answer within 0\.3 s"):
        check_timestamp(CONTENT, token, tmp_path, timeout_s=0.3)


TIME = "\\nTST info:\\nTime stamp: Nov 22 07:44:11 2026 GMT\\n"


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [
        ("echo 'Verification: OK'", True),
        ("exit 0", False),
        ("echo 'Verification: OK'; exit 1", False),
        ("echo 'Verification: FAILED'", False),
    ],
)
def test_only_a_clear_yes_is_a_yes(
    token: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, *, counts: bool
) -> None:
    fake_openssl(tmp_path, f"[ \"$2\" = -verify ] && {{ {verdict}; exit 0; }}\nprintf '{TIME}'", monkeypatch)
    if counts:
        assert check_timestamp(CONTENT, token, tmp_path).year == 2026
    else:
        assert reason(CONTENT, token, tmp_path) == "invalid"


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Time stamp: Nov 22 07:44:11 2026 GMT",
        "\nTST info:\nTime stamp: Nov 22 07:44:11 2026\n",
        "\nTST info:\nTime stamp: Foo 22 07:44:11 2026 GMT\n",
        "\nTST info:\nTime stamp: Nov 31 07:44:11 2026 GMT\n",
        "\nTST info:\nTime stamp: Bad time value\n",
    ],
)
def test_a_token_without_a_time_in_utc_is_invalid(
    token: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    (tmp_path / "shown").write_text(shown)
    body = f'[ "$2" = -verify ] && echo "Verification: OK" || cat {tmp_path}/shown'
    fake_openssl(tmp_path, body, monkeypatch)
    assert reason(CONTENT, token, tmp_path) == "invalid"


def test_without_room_for_a_temporary_file_there_is_no_verdict(
    stamper: peers.Stamper, token: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert not reason(CONTENT, token, stamper.roots)


def test_the_version_is_the_programs_own() -> None:
    assert run("version").stdout.decode().split()[1] == openssl_version()
