"""The sink on a witness believes a cosignature only if it is the witness's own and over our own head.

Input: witnesses that lie, dribble, flood or hang up. Output: pass, or what was wrongly believed.
"""

import dataclasses
import datetime
import hashlib
import time
from collections.abc import Callable
from typing import Any

import pytest

from murenger.adapters.clock import SystemClock
from murenger.errors import AnchorConflictError, AnchorError, ConfigError
from murenger.record.tree.note import SignatureType, make_key

ORIGIN = "site1.fw.example.net"
CLOCK = SystemClock()


@pytest.fixture
def refused(sink_of: Any) -> Callable[..., AnchorError]:
    """Give a function that returns the error that an answer led to, which must be no conflict."""

    def ask(liar: Any, log: Any, **changes: object) -> AnchorError:
        with pytest.raises(AnchorError) as caught:
            log.submit(sink_of(liar.running, log, **changes), 5)
        assert not isinstance(caught.value, AnchorConflictError), caught.value
        assert str(caught.value).startswith("anchor w1: ")
        assert "\n" not in str(caught.value)
        return caught.value

    return ask


def test_an_honest_answer_of_another_program_is_taken(liar: Any, log: Any, sink_of: Any) -> None:
    stranger = make_key("other.example", SignatureType.COSIGNATURE)
    lines = liar.cosign(log.head(5), stranger) + liar.cosign(log.head(5))
    liar.say(200, lines)
    receipt = sink_of(liar.running, log).submit(log.head(5), proof=log.proof(5))
    assert receipt.content == log.head(5).checkpoint.encode() + lines.splitlines(keepends=True)[1]


def test_a_cosignature_that_is_not_over_our_head_is_refused(liar: Any, log: Any, other_log: Any, refused: Any) -> None:
    namesake = make_key(liar.key.name, SignatureType.COSIGNATURE)
    true = liar.cosign(log.head(5))
    for body in (
        liar.cosign(log.head(4)),
        liar.cosign(other_log(log.signer, "forged").head(7)),
        liar.cosign(log.head(5), namesake),
        log.head(5).checkpoint.splitlines(keepends=True)[-1].encode(),
        true.replace(b" ", b"  "),
        true[:-1],
        true[:40] + b"A" + true[41:],
        true + true[:40] + b"A" + true[41:],
        true * 65,
        b"",
        b"\xff\xfe",
        b"cosigned\n",
        log.head(5).checkpoint.encode() + true,
    ):
        liar.say(200, body)
        assert "cosignature is not sound" in str(refused(liar, log)), body


def test_a_replayed_cosignature_of_the_same_head_keeps_its_own_time(liar: Any, log: Any, sink_of: Any) -> None:
    then = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    liar.say(200, liar.cosign(log.head(5), at=then))
    assert sink_of(liar.running, log).submit(log.head(5), proof=log.proof(5)).at == then


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 403, 404, 429, 500, 503])
def test_any_other_status_is_trouble_and_no_redirect_is_followed(
    liar: Any, log: Any, status: int, refused: Any
) -> None:
    elsewhere = liar.running.url
    liar.say(status, b"\x1b[2J no\r\nmore" if status != 204 else b"", f"Location: {elsewhere}/add-checkpoint\r\n")
    error = refused(liar, log)
    assert f"answers {status}" in str(error)
    assert str(error).isprintable()
    assert len(liar.requests) == 1


@pytest.mark.parametrize("body", [b"", b"nonsense\n", b"-1\n", b"01\n", b"9" * 400, b"0\n", b"\xff"])
def test_a_409_without_a_usable_size_is_nonsense(liar: Any, log: Any, body: bytes, refused: Any) -> None:
    liar.say(409, body)
    refused(liar, log)
    assert len(liar.requests) == 1


def test_a_409_without_a_size_for_our_very_size_is_a_conflict(
    liar: Any, log: Any, sink_of: Any, other_log: Any
) -> None:
    sink = sink_of(liar.running, log)
    liar.say(200, liar.cosign(log.head(5)))
    log.submit(sink, 5)
    liar.say(409)
    with pytest.raises(AnchorConflictError, match="another history of the same length"):
        other_log(log.signer, "forged").submit(sink, 5)


def test_a_witness_that_keeps_changing_its_mind_is_asked_twice(liar: Any, log: Any, refused: Any) -> None:
    liar.say(409, b"3\n")
    liar.say(409, b"2\n")
    refused(liar, log)
    assert [request.partition(b"\r\n\r\n")[2].split(b"\n")[0] for request in liar.requests] == [b"old 0", b"old 3"]


def test_a_witness_that_moved_past_us_meanwhile_is_a_conflict(liar: Any, log: Any, sink_of: Any) -> None:
    liar.say(409, b"3\n")
    liar.say(409, b"6\n")
    with pytest.raises(AnchorConflictError, match="holds 6 records, and this log has 5"):
        log.submit(sink_of(liar.running, log), 5)


@pytest.mark.parametrize("where", [0, 20, 200])
def test_a_witness_that_dribbles_is_given_up_in_time(liar: Any, log: Any, where: int, refused: Any) -> None:
    liar.say(200, liar.cosign(log.head(5)))
    whole = liar.answers.pop()
    liar.answers.append(whole[:where].ljust(where) + whole[where:])
    liar.pause_s = 0.1
    began = time.monotonic()
    error = refused(liar, log, timeout_s=0.5)
    assert time.monotonic() - began < 3
    assert "0.5 s" in str(error) or "timed out" in str(error)


def test_a_witness_that_says_nothing_is_given_up_in_time(liar: Any, log: Any, refused: Any) -> None:
    liar.answers.append(b"H")
    liar.pause_s = 30.0
    began = time.monotonic()
    refused(liar, log, timeout_s=0.4)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"nonsense\r\n\r\n",
        b"\x00" * 100,
        b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 X\r\n" + b"X: a\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 X\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 99999 X\r\n\r\n",
        b"HTTP/1.1 200 X\r\n\r\n" + b"a" * 1_000_000,
        b"HTTP/1.1 200 X\r\nContent-Length: 100000000\r\n\r\n" + b"a" * 1_000_000,
    ],
)
def test_what_is_no_answer_is_trouble(liar: Any, log: Any, answer: bytes, refused: Any) -> None:
    liar.answers.append(answer)
    refused(liar, log)


def test_a_flood_is_cut_off(liar: Any, log: Any, refused: Any) -> None:
    line = liar.cosign(log.head(5))
    liar.answers.append(b"HTTP/1.1 200 X\r\n\r\n" + line + b"a" * 1_000_000)
    assert "more than 131072 bytes" in str(refused(liar, log))


def test_an_answer_that_broke_off_is_not_taken(liar: Any, log: Any, refused: Any) -> None:
    line = liar.cosign(log.head(5))
    liar.answers.append(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % (len(line) + 1) + line)
    assert "IncompleteRead" in str(refused(liar, log))


def test_a_witness_that_is_not_there_is_trouble(liar: Any, log: Any, sink_of: Any, closed_port: int) -> None:
    gone = dataclasses.replace(liar.running, url=f"http://127.0.0.1:{closed_port}")
    with pytest.raises(AnchorError, match="refused"):
        log.submit(sink_of(gone, log), 5)
    with pytest.raises(AnchorError, match="refused"):
        sink_of(gone, log).state()


def test_a_false_state_is_named(liar: Any, log: Any, sink_of: Any) -> None:
    sink = sink_of(liar.running, log)
    for status, body in ((200, b"nonsense"), (200, log.head(5).checkpoint.encode()), (500, b"")):
        liar.say(status, body)
        with pytest.raises(AnchorError, match=r"not sound|answers 500"):
            sink.state()


def test_our_own_unsound_head_is_sent_to_nobody(liar: Any, log: Any, sink_of: Any, other_log: Any) -> None:
    sink = sink_of(liar.running, log)
    other = log.head(6)
    for changes, said in (
        ({"checkpoint": ""}, "no signed checkpoint"),
        ({"checkpoint": "nonsense"}, "not sound"),
        ({"checkpoint": other.checkpoint}, "not of this head"),
        ({"checkpoint": other_log().head(5).checkpoint}, "not sound"),
        ({"root": other.root}, "not of this head"),
        ({"origin": "other.example.net"}, "not of this head"),
    ):
        with pytest.raises(AnchorError, match=said):
            sink.submit(log.head(5, **changes), proof=log.proof(5))
    assert liar.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        {"witness_key": "nonsense"},
        {"log_vkey": "nonsense"},
        {"witness_key": make_key("a", SignatureType.ED25519).verifier.vkey},
        {"log_vkey": make_key("a", SignatureType.COSIGNATURE).verifier.vkey},
    ],
)
def test_a_key_of_the_wrong_kind_is_refused(liar: Any, log: Any, changes: dict[str, object], sink_of: Any) -> None:
    with pytest.raises(ConfigError, match="is not the key of"):
        sink_of(liar.running, log, **changes)


@pytest.mark.parametrize(
    "url", ["", "witness.example.org", "ftp://w/", "http://user:pw@w/", "http://w/?a=b", "http://w/#a", "http://w:0/"]
)
def test_what_is_no_address_is_refused(liar: Any, log: Any, url: str, sink_of: Any) -> None:
    nowhere = dataclasses.replace(liar.running, url=url)
    with pytest.raises(ConfigError):
        sink_of(nowhere, log)


def test_a_prefix_of_the_address_is_kept(liar: Any, log: Any, sink_of: Any) -> None:
    sink = sink_of(dataclasses.replace(liar.running, url=f"{liar.running.url}/w1/"), log)
    liar.say(404)
    sink.state()
    liar.say(200, liar.cosign(log.head(5)))
    log.submit(sink, 5)
    hashed = hashlib.sha256(ORIGIN.encode()).hexdigest()
    assert [request.split(b" ")[1].decode() for request in liar.requests] == [
        f"/w1/{hashed}/checkpoint",
        "/w1/add-checkpoint",
    ]
