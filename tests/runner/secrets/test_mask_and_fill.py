"""Masking and filling: no secret stays, no other text changes, and a placeholder goes nowhere else."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.dialects import Dialect, Scheme, dialect, parse, render
from murenger.errors import ParseError, SecretError
from murenger.secrets import PLACEHOLDER, RESALTED, Fingerprinter, Masked, fill, inspect, mask

KEY = Fingerprinter(b"0123456789abcdef0123456789abcdef")
EOS, JUNOS, NFT = dialect("eos"), dialect("junos"), dialect("nftables")
CANARY = "Canary9x7Value"

EOS_PLACES = [
    f"username admin privilege 15 role network-admin secret sha512 $6$salt${CANARY}",
    f"username admin secret 0 {CANARY}",
    f"username admin secret {CANARY}",
    f"aaa root secret sha512 $6$salt${CANARY}",
    f"enable password sha512 $6$salt${CANARY}",
    f"enable secret {CANARY}",
    f"snmp-server community {CANARY} ro",
    f"snmp-server host 192.0.2.1 version 2c {CANARY}",
    f"snmp-server host 192.0.2.1 vrf mgmt traps version 1 {CANARY}",
    f"snmp-server user u g v3 localized 0a auth sha {CANARY} priv aes second{CANARY}",
    f"tacacs-server key 7 {CANARY}",
    f"tacacs-server host 192.0.2.1 vrf mgmt key 7 {CANARY}",
    f"radius-server host 192.0.2.1 key {CANARY}",
    f"radius-server key 0 {CANARY}",
    f"ntp authentication-key 1 md5 7 {CANARY}",
    f"ntp authentication-key 1 sha1 {CANARY}",
    f"router bgp 1\n   neighbor 192.0.2.1 password 7 {CANARY}",
    f"router bgp 1\n   neighbor 192.0.2.1 password {CANARY}",
    f"interface Vlan1\n   ip ospf message-digest-key 1 sha512 7 {CANARY}",
    f"interface Vlan1\n   ip ospf message-digest-key 1 md5 7 {CANARY}",
    f"interface Vlan1\n   ip ospf authentication-key 7 {CANARY}",
    f"interface Vlan1\n   vrrp 1 peer authentication ietf-md5 key-string 7 {CANARY}",
    f"ip security\n   profile p\n      shared-key 7 {CANARY}",
    f"mac security\n   profile p\n      key 0abc 7 {CANARY}",
    f"never heard of $6$salt${CANARY}",
    f"interface Ethernet1\n   description mail root, password: {CANARY}",
    f"daemon x\n   exec /usr/bin/x -u https://user:{CANARY}@192.0.2.1/ -y",
]
JUNOS_PLACES = [
    f"access {{ profile p {{ client c {{ chap-password {CANARY}; }} }} }}",
    f"security {{ ike {{ gateway g {{ xauth-client-password {CANARY}; }} }} }}",
    f'system {{ root-authentication {{ encrypted-password "$6$salt${CANARY}"; ## SECRET-DATA\n }} }}',
    f'system {{ login {{ user x {{ authentication {{ encrypted-password "$6${CANARY}"; }} }} }} }}',
    f'system {{ radius-server {{ 192.0.2.1 {{ secret "$9${CANARY}"; }} }} }}',
    f'system {{ radius-server {{ 192.0.2.1 secret "$9${CANARY}"; }} }}',
    f"system {{ tacplus-server {{ 192.0.2.1 secret {CANARY}; }} }}",
    f"snmp {{ community {CANARY} {{ authorization read-only; }} }}",
    f"snmp {{ community {CANARY}; }}",
    f'snmp {{ community "{CANARY} with blanks"; }}',
    f'security {{ ike {{ policy p {{ pre-shared-key ascii-text "$9${CANARY}"; }} }} }}',
    f"security {{ ike {{ policy p {{ pre-shared-key {{ hexadecimal {CANARY}; }} }} }} }}",
    f'protocols {{ bgp {{ group g {{ authentication-key "$9${CANARY}"; }} }} }}',
    f'protocols {{ ospf {{ area 0 {{ interface x {{ authentication {{ md5 1 key "$9${CANARY}"; }} }} }} }} }}',
    f'protocols {{ isis {{ authentication-key "{CANARY}"; }} }}',
    f'snmp {{ v3 {{ usm {{ x {{ authentication-sha {{ authentication-key "$9${CANARY}"; }} }} }} }} }}',
    f'snmp {{ v3 {{ snmp-community i {{ community-name "{CANARY}"; }} }} }}',
    f'x {{ never-heard-of "{CANARY}"; ## SECRET-DATA\n }}',
    f'x {{ never-heard-of "one {CANARY}" other "two"; ## SECRET-DATA\n }}',
    f"x {{ never-heard-of {CANARY}; ## SECRET-DATA\n }}",
    f'x {{ never-heard-of "$8$aes256-gcm${CANARY}"; }}',
    f'security {{ certificates {{ local c {{ "-----BEGIN RSA PRIVATE KEY-----\\n{CANARY}\\n"; }} }} }}',
    f'system {{ archival {{ archive-sites {{ "scp://user:{CANARY}@192.0.2.1/x"; }} }} }}',
    f'interfaces {{ ge-0/0/0 {{ description "console password={CANARY}"; }} }}',
]
NFT_PLACES = [
    f'table ip x {{\n\tchain c {{\n\t\taccept comment "api token: {CANARY}"\n\t}}\n}}\n',
    f'table ip x {{\n\tchain c {{\n\t\taccept comment "https://u:{CANARY}@192.0.2.1"\n\t}}\n}}\n',
]
PLACES = [
    *((EOS, f"{text}\n!\nend\n") for text in EOS_PLACES),
    *((JUNOS, text) for text in JUNOS_PLACES),
    *((NFT, text) for text in NFT_PLACES),
]


@pytest.mark.parametrize(("known", "text"), PLACES, ids=[text.strip()[:60] for _, text in PLACES])
def test_a_secret_is_masked_at_every_known_place_and_comes_back_exactly(known: Dialect, text: str) -> None:
    masked = mask(text, known, KEY)
    assert CANARY not in masked.text
    assert CANARY not in repr(masked)
    assert CANARY not in str(masked.fingerprints)
    assert any(CANARY in value for value in masked.values.values())
    assert fill(masked.text, masked.values, known) == render(parse(text, known), known)
    found = inspect(parse(masked.text, known), known)
    assert found.fingerprints == masked.fingerprints
    assert not found.unmasked
    assert not found.misplaced
    assert inspect(parse(text, known), known).unmasked or "SECRET-DATA" in text


@pytest.mark.parametrize(("known", "text"), PLACES, ids=[text.strip()[:60] for _, text in PLACES])
def test_a_changed_secret_shows_as_changed_at_the_same_path(known: Dialect, text: str) -> None:
    one, other = mask(text, known, KEY), mask(text.replace(CANARY, "Other8y6Value"), known, KEY)
    assert [path for path, _ in one.fingerprints] == [path for path, _ in other.fingerprints]
    assert one.text != other.text
    assert PLACEHOLDER.sub("", one.text) == PLACEHOLDER.sub("", other.text)


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (EOS, "ntp trusted-key 1\n!\nend\n"),
        (EOS, "username admin ssh-key ssh-ed25519 AAAAC3Nza admin@example.net\n!\nend\n"),
        (EOS, "username guest nopassword\n!\nend\n"),
        (EOS, "ip community-list standard X permit 65000:1\n!\nend\n"),
        (JUNOS, 'user x {\n    ssh-ed25519 "ssh-ed25519 AAAAC3Nza x@example.net";\n}\n'),
        (JUNOS, "policy-options {\n    community c members 65000:1;\n}\n"),
        (NFT, 'table ip x {\n\tchain c {\n\t\taccept comment "staff log in"\n\t}\n}\n'),
    ],
)
def test_what_is_no_secret_stays_so_that_its_change_shows(known: Dialect, text: str) -> None:
    assert mask(text, known, KEY).text == text


def test_a_type_7_text_at_an_unknown_place_is_masked_by_its_looks() -> None:
    text = "never heard of 7 060506324F41 more\n!\nend\n"
    masked = mask(text, EOS, KEY)
    assert tuple(masked.values.values()) == ("060506324F41",)
    assert fill(masked.text, masked.values, EOS) == text


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (EOS, "interface E1\n   description x {}\n!\nend\n"),
        (JUNOS, 'x {{\n    description "x {}";\n}}\n'),
        (NFT, 'table ip x {{\n\tchain c {{\n\t\taccept comment "x {}" accept comment "y"\n\t}}\n}}\n'),
    ],
)
def test_a_line_full_of_secrets_is_masked_to_its_end_and_comes_back(known: Dialect, text: str) -> None:
    text = text.format(" ".join(f"password: {CANARY}{number}" for number in range(500)))
    masked = mask(text, known, KEY)
    assert len(masked.fingerprints) == 1
    assert CANARY not in masked.text
    assert fill(masked.text, masked.values, known) == text


def test_the_earliest_secret_of_a_crowded_line_is_masked_too() -> None:
    crowd = " ".join(f"$6$x${CANARY}{number}" for number in range(200))
    text = f"never heard of https://u:early{CANARY}@192.0.2.1 password: {CANARY} {crowd}\n!\nend\n"
    masked = mask(text, EOS, KEY)
    assert CANARY not in masked.text
    assert fill(masked.text, masked.values, EOS) == text


def test_the_same_value_elsewhere_has_another_placeholder() -> None:
    masked = mask("username a secret 0 same\nusername b secret 0 same\n!\nend\n", EOS, KEY)
    # The keyed half differs too, or equal passwords of two users would show.
    assert len({placeholder[-17:] for _, placeholder in masked.fingerprints}) == 2


def test_other_words_of_the_line_do_not_change_the_placeholder() -> None:
    one = mask("username a privilege 15 secret sha512 $6$x\n!\nend\n", EOS, KEY)
    other = mask("username a privilege 1 role x secret sha512 $6$x\n!\nend\n", EOS, KEY)
    assert one.fingerprints == other.fingerprints


def test_switching_a_section_off_does_not_change_its_secrets() -> None:
    text = 'radius {\n    secret "$9$x";\n}\n'
    assert mask(text, JUNOS, KEY).fingerprints == mask(f"inactive: {text}", JUNOS, KEY).fingerprints


# One password in four of the sixteen writings that type 7 allows.
TYPE_7 = ("060506324F41", "094F471A1A0A", "00071A150754", "13061E010803")


def test_the_writings_of_one_type_7_password_have_one_placeholder() -> None:
    texts = [mask(f"tacacs-server key 7 {writing}\n!\nend\n", EOS, KEY).text for writing in TYPE_7]
    assert len(set(texts)) == 1
    assert mask("tacacs-server key 7 060506324F42\n!\nend\n", EOS, KEY).text != texts[0]


@pytest.mark.parametrize("writing", ["99050632", "06", "zz0506", "0605063", "06ff", "06é5"])
def test_what_is_no_type_7_text_is_taken_as_it_stands(writing: str) -> None:
    masked = mask(f"tacacs-server key 7 {writing}\n!\nend\n", EOS, KEY)
    assert tuple(masked.values.values()) == (writing,)


LOOKALIKES = (
    "<murenger-secret:0123456789abcdef0123456789abcdef>",
    "<murenger-secret:resalted>",
    "<murenger-literal>",
    "<murenger-<murenger-secret:",
    "<murenger-literal>secret:0123456789abcdef0123456789abcdef>",
)


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_device_text_that_looks_like_a_placeholder_is_data(lookalike: str) -> None:
    text = f"interface Ethernet1\n   description x {lookalike} y\n!\nend\n"
    masked = mask(text, EOS, KEY)
    assert not masked.fingerprints
    assert not PLACEHOLDER.search(masked.text)
    assert fill(masked.text, masked.values, EOS) == text


def test_a_secret_that_looks_like_a_placeholder_is_a_secret() -> None:
    text = f"username a secret 0 {LOOKALIKES[0]}\n!\nend\n"
    masked = mask(text, EOS, KEY)
    assert tuple(masked.values.values()) == (LOOKALIKES[0],)
    assert fill(masked.text, masked.values, EOS) == text


def _with_secret() -> Masked:
    return mask("hostname x\n!\nusername a secret 0 hidden\n!\nusername b secret 0 other\n!\nend\n", EOS, KEY)


def test_a_placeholder_without_value_is_refused() -> None:
    with pytest.raises(SecretError, match="no value"):
        fill(_with_secret().text, {}, EOS)


def test_a_placeholder_in_a_description_is_refused() -> None:
    masked = _with_secret()
    placeholder = masked.fingerprints[0][1]
    text = f"interface Ethernet1\n   description {placeholder}\n!\nend\n"
    with pytest.raises(SecretError, match="line 2"):
        fill(text, masked.values, EOS)


def test_a_placeholder_at_another_secret_place_is_refused() -> None:
    masked = _with_secret()
    first, second = (placeholder for _, placeholder in masked.fingerprints)
    with pytest.raises(SecretError, match="another place"):
        fill(masked.text.replace(second, first), masked.values, EOS)


@pytest.mark.parametrize("broken", ["<murenger-secret:", "<murenger-secret:00>", "<murenger-secret:xyz>"])
def test_a_broken_placeholder_is_refused(broken: str) -> None:
    with pytest.raises(SecretError):
        fill(f"username a secret 0 {broken}\n!\nend\n", {}, EOS)
    with pytest.raises(SecretError):
        fill(f"interface Ethernet1\n   description {broken}\n!\nend\n", {}, EOS)


def test_a_placeholder_in_free_text_is_refused() -> None:
    masked = _with_secret()
    with pytest.raises(SecretError):
        fill(f"banner login\n{masked.fingerprints[0][1]}\nEOF\n!\nend\n", masked.values, EOS)


def test_a_refusal_never_quotes_a_value() -> None:
    masked = _with_secret()
    with pytest.raises(SecretError) as caught:
        fill(masked.text.replace("username a", "username c"), masked.values, EOS)
    assert "hidden" not in str(caught.value)


RESALTING = dataclasses.replace(
    EOS, name="resalting", secrets=tuple(dataclasses.replace(place, resalted=True) for place in EOS.secrets)
)


def test_a_resalted_secret_shows_presence_only_and_is_filled_from_live() -> None:
    one = mask("username a secret 0 first\n!\nend\n", RESALTING, KEY)
    again = mask("username a secret 0 second\n!\nend\n", RESALTING, KEY)
    assert one.text == again.text == f"username a secret 0 {RESALTED}\n!\nend\n"
    assert fill(one.text, again.values, RESALTING) == "username a secret 0 second\n!\nend\n"


def test_a_resalted_placeholder_is_refused_where_secrets_are_comparable() -> None:
    with pytest.raises(SecretError, match="another place"):
        fill(f"username a secret 0 {RESALTED}\n!\nend\n", {}, EOS)


def test_text_that_is_no_configuration_is_refused() -> None:
    with pytest.raises(ParseError):
        mask("a {\n", JUNOS, KEY)
    with pytest.raises(ParseError):
        fill("a {\n", {}, JUNOS)


_SECRET = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters='"\\'), min_size=1)
_REST = st.text(st.characters(exclude_characters='"\\\0\n\r', exclude_categories=()), max_size=30)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), _SECRET, _REST), max_size=4))
def test_any_secret_and_any_text_around_it_come_back_exactly(items: list[tuple[str, str, str]]) -> None:
    text = "".join(
        f'section {name} {{\n    secret "{secret}";\n    note "{rest}";\n}}\n' for name, secret, rest in items
    )
    masked = mask(text, JUNOS, KEY)
    assert fill(masked.text, masked.values, JUNOS) == text
    assert fill(mask(masked.text, JUNOS, KEY).text, mask(masked.text, JUNOS, KEY).values, JUNOS) == masked.text


def test_a_short_key_is_refused_and_a_key_is_never_shown() -> None:
    with pytest.raises(SecretError):
        Fingerprinter(b"short")
    assert "0123" not in repr(KEY)


def test_another_key_gives_another_placeholder() -> None:
    other = Fingerprinter(b"another key, long enough")
    assert KEY.placeholder("p", "s") != other.placeholder("p", "s")
    assert KEY.placeholder("p", "s") == KEY.placeholder("p", "s", Scheme.OPAQUE)
    assert KEY.placeholder("p", TYPE_7[0]) != KEY.placeholder("p", TYPE_7[0], Scheme.TYPE_7)


@pytest.mark.parametrize("value", ["<removed>", "<REDACTED>", "********", "xxx"])
def test_a_mask_kept_in_place_of_a_secret_is_never_filled_in(value: str) -> None:
    masked = mask(f"snmp-server community {CANARY} ro\nend\n", EOS, KEY)
    with pytest.raises(SecretError, match="is a mask"):
        fill(masked.text, dict.fromkeys(masked.values, value), EOS)
