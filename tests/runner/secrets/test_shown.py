"""What reaches a screen or a log: no secret, and nothing that acts on a terminal."""

import base64
import json
import time
import unicodedata
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.dialects import dialect
from murenger.secrets import REDACTED, Fingerprinter, escape_for_terminal, mask, redact

KEY = Fingerprinter(b"0123456789abcdef")
SECRET = 'p@ss w"ord/€+\\x'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps({"x": json.dumps(SECRET)}),
        repr(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_every_usual_writing_of_a_known_secret_is_redacted(form: str) -> None:
    shown = redact(f"before {form} after", [SECRET])
    assert form.strip("\"'") not in shown
    assert REDACTED in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@pytest.mark.parametrize("user", ["", "a:", "ab:", "abc:"])
def test_a_secret_inside_a_basic_authorization_header_is_redacted(user: str) -> None:
    header = base64.b64encode(f"{user}{SECRET}".encode()).decode()
    shown = redact(f"Authorization: Basic {header}", [SECRET])
    assert base64.b64encode(SECRET.encode()).decode()[4:12] not in shown
    assert REDACTED in shown


@pytest.mark.parametrize(
    "text",
    [
        "secret sha512 $6$salt$hash/x.y",
        'encrypted-password "$9$abcdef"',
        "key <murenger-secret:0123456789abcdef0123456789abcdef>",
        "key <murenger-secret:resalted>",
        "https://user:hidden@192.0.2.1/",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nabc",
    ],
)
def test_what_is_a_secret_by_its_looks_is_redacted(text: str) -> None:
    shown = redact(text)
    assert REDACTED in shown
    for part in ("salt", "abc", "0123", "resalted", "hidden"):
        assert part not in shown


def test_ordinary_text_stays() -> None:
    text = "tcp dport 22 accept # $1 a $ b {{ x }} <b> http://192.0.2.1/"
    assert redact(text) == text


def test_redaction_that_would_leave_a_secret_shows_nothing() -> None:
    # A piece of the sign itself as a secret can only be hidden with everything.
    assert redact("xx redacted yy", ["redacted"]) == f"xx {REDACTED} yy"
    assert redact("aXbXc", ["X", ""]) == f"a{REDACTED}b{REDACTED}c"


@given(st.text(), st.lists(st.text(min_size=1), max_size=4))
def test_no_known_secret_ever_shows(text: str, values: list[str]) -> None:
    remains = redact(text, values).replace(REDACTED, "\n\n")
    assert all(value not in remains or "\n" in value for value in values)


def test_escape_sequences_are_shown_and_not_obeyed() -> None:
    assert escape_for_terminal("\x1b[31mred\x07\r\x9b\x00\x7f") == "\\x1b[31mred\\x07\\x0d\\x9b\\x00\\x7f"


def test_direction_marks_and_hidden_characters_are_shown() -> None:
    assert escape_for_terminal("a\u202eb\u200bc\u2028d\xa0e\U000e0041") == "a\\u202eb\\u200bc\\u2028d\\xa0e\\U000e0041"


def test_undecodable_bytes_are_shown_as_bytes() -> None:
    assert escape_for_terminal(b"\xff".decode("utf-8", "surrogateescape")) == "\\xff"


def test_lines_tabs_and_letters_of_all_scripts_stay() -> None:
    text = "tab\there\nline Größe 中文 {{ x }} <b> \\x1b"
    assert escape_for_terminal(text) == text


@given(st.text(st.characters()))
def test_nothing_that_acts_is_ever_shown(text: str) -> None:
    shown = escape_for_terminal(text)
    assert all(c in "\n\t" or unicodedata.category(c)[0] not in "CZ" or c == " " for c in shown)
    assert shown.encode("utf-8").decode() == shown


@pytest.mark.parametrize("piece", ["a://b:", "a-", "key ", 'key "', "password: ", "-----BEGIN A", "$6$", "%"])
def test_a_crafted_line_takes_no_longer_than_its_length_allows(piece: str) -> None:
    def cost(count: int) -> float:
        line = f"description {piece * count}"
        started = time.process_time()
        redact(line)
        if '"' not in line:
            mask(f"interface E1\n   {line}\n!\nend\n", dialect("eos"), KEY)
            mask(f"x {{\n    {line.replace(';', '')};\n}}\n", dialect("junos"), KEY)
        return time.process_time() - started

    assert cost(16_000) < max(cost(2_000), 0.01) * 40
