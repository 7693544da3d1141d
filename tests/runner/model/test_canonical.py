"""The quick reading of canonical bytes says exactly what the reference library says, on every kind of input."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from murenger.model import canonical_bytes, parse_canonical
from murenger.model.canonical import MAX_INTEGER, _parse_plain, _parse_with_care

TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from('"\\/\b\f\n\r\t\x00\x1f\x7f\u2028\u2029\ue000\uffff\U0001f600\U00010000'),
    ),
    max_size=8,
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-MAX_INTEGER, MAX_INTEGER), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=5)),
    max_leaves=20,
)


@settings(max_examples=400)
@given(st.dictionaries(TEXT, VALUES, max_size=6))
@example({"\U00010000": 1, "\ue000": 2})
@example({"\uffff": {"\U0001f600": [], "\ufffd": None}})
def test_what_the_reference_writes_is_read_back_and_nothing_else(value: dict[str, Any]) -> None:
    content = rfc8785.dumps(value)
    assert parse_canonical(content) == value
    quick = _parse_plain(content)
    assert quick is None or quick == value
    other = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    if other != content:
        with pytest.raises(ValueError, match="canonical"):
            parse_canonical(other)


@settings(max_examples=400)
@given(st.dictionaries(TEXT, VALUES, max_size=4), st.data())
def test_altered_bytes_are_judged_alike_by_the_quick_and_the_careful_reading(
    value: dict[str, Any], data: st.DataObject
) -> None:
    content = bytearray(rfc8785.dumps(value))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    quick = _parse_plain(bytes(content))
    if quick is not None:
        assert _parse_with_care(bytes(content)) == quick


HOSTILE = (
    b'{"a":1,"a":1}',
    b'{"a":{"b":1,"b":2}}',
    b'{"a":1.0}',
    b'{"a":1.5}',
    b'{"a":1e3}',
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b'{"a":-0}',
    b'{"a":01}',
    b'{"a":9007199254740992}',
    b'{"a":-9007199254740993}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a": 1}',
    b'{"b":1,"a":2}',
    b'{"a":"\\ud800"}',
    b'{"a":"\\u0041"}',
    b'{"a":"\\/"}',
    b'{"a":"\\u001F"}',
    b'{"a":"\x1b"}',
    b'{"a":"\xff"}',
    b'{"a":"\xed\xa0\x80"}',
    b'\xef\xbb\xbf{"a":1}',
    '{"\ue000":1,"\U00010000":2}'.encode(),
    b'{"a":1}\n',
    b'{"a":1}{}',
    b"[1]",
    b'"a"',
    b"null",
    b"",
    b"{",
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
)


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_bytes_that_two_readers_could_take_differently_are_refused(content: bytes) -> None:
    assert _parse_plain(content) is None
    with pytest.raises(ValueError, match=r"."):
        parse_canonical(content)


@pytest.mark.parametrize("number", [MAX_INTEGER, -MAX_INTEGER, 0])
def test_the_largest_integers_that_every_reader_keeps_are_taken_by_the_quick_reading(number: int) -> None:
    assert _parse_plain(canonical_bytes({"a": number})) == {"a": number}


@pytest.mark.parametrize("value", [{"a": MAX_INTEGER + 1}, {"a": 1.0}, {"a": "\ud800"}, {1: 2}])
def test_what_has_no_canonical_form_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical_bytes(value)
