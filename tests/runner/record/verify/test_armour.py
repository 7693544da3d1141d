"""The quick look at a signature's armour says what taking it apart and writing it again says."""

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from murenger.record.sshsig import is_canonical
from murenger.record.verify.armour import is_armoured

BEGIN, END = "-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n"


def armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = [text[start : start + 70] + "\n" for start in range(0, len(text), 70)]
    return BEGIN + "".join(lines) + END


def signature() -> bytes:
    """Return something that has the form of a signature; nobody made it."""

    def field(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    key = field(b"ssh-ed25519") + field(bytes(32))
    inner = field(b"ssh-ed25519") + field(bytes(range(64)))
    return b"SSHSIG\0\0\0\1" + b"".join(map(field, (key, b"role", b"", b"sha512", inner)))


@given(st.binary(min_size=1, max_size=400))
@example(bytes(52))
@example(bytes(53))
@example(bytes(105))
def test_whatever_is_armoured_is_taken_for_armoured(blob: bytes) -> None:
    assert is_armoured(armour(blob))


@settings(max_examples=600)
@given(
    st.integers(0, len(armour(signature()))),
    st.integers(0, 3),
    st.text(alphabet="\n\r =+/Aa9-\u2028é", max_size=3),
)
def test_an_altered_armour_is_judged_as_by_writing_it_again(place: int, cut: int, put: str) -> None:
    whole = armour(signature())
    altered = whole[:place] + put + whole[place + cut :]
    if is_canonical(altered):
        assert is_armoured(altered)
    if is_armoured(altered):
        blob = base64.b64decode("".join(altered.splitlines()[1:-1]), validate=True)
        assert altered == armour(blob)


@pytest.mark.parametrize(
    "text",
    [
        "",
        BEGIN + END,
        BEGIN + "\n" + END,
        BEGIN,
        armour(b"abc").replace("\n", "\r\n"),
        armour(b"abc") + "\n",
        " " + armour(b"abc"),
        armour(bytes(100)).replace("\n", "", 2),
        BEGIN + base64.b64encode(bytes(99)).decode() + "\n" + END,
        # As many lines as there should be, of another length.
        BEGIN + "A" * 69 + "\n" + "A" * 63 + "\n" + END,
        # Other bits that nobody reads.
        armour(b"abcd").replace("ZA==", "ZB=="),
        armour(b"abcd").replace("ZA==", "ZA="),
    ],
)
def test_what_ssh_keygen_would_not_write_is_no_armour(text: str) -> None:
    assert not is_armoured(text)
