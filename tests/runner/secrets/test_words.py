"""Secrets by the words around them: hidden for every vendor's way of writing them, in time that does not explode."""

import pytest

from murenger.secrets import hide

CANARY = "CaNaRy42xyz"


@pytest.mark.parametrize(
    "line",
    [
        f"snmp-server community {CANARY} RO",
        f"enable password {CANARY} encrypted",
        f"enable secret 5 {CANARY}",
        f"username admin password {CANARY} privilege 15",
        f"set psksecret ENC {CANARY}",
        f"set password ENC {CANARY}",
        f'set passwd "{CANARY}"',
        f"<phash>{CANARY}</phash>",
        f'<bcrypt-hash type="x">{CANARY}</bcrypt-hash>',
        f"<pre-shared-key><key>{CANARY}</key></pre-shared-key>",
        f"key 7 {CANARY}",
        f"neighbor 192.0.2.1 password 7 {CANARY}",
        f'pre-shared-key ascii-text "{CANARY}"; ## SECRET-DATA',
        f'set system root-authentication encrypted-password "{CANARY}"',
        f"tacacs-server key {CANARY}",
        f" ikev1 pre-shared-key {CANARY}",
        f"tunnel-group 192.0.2.1 ipsec-attributes key={CANARY}",
        f"description password: {CANARY}",
        f"url https://admin:{CANARY}@example.net/",
        f"x $6$salt${CANARY}",
    ],
)
def test_a_secret_is_hidden(line: str) -> None:
    assert CANARY not in hide(line)
    assert "<redacted>" in hide(line)


@pytest.mark.parametrize(
    "line",
    [
        "access-list OUTSIDE extended permit tcp any host 192.0.2.1 eq 22",
        "set srcaddr all",
        "permit udp any any eq snmp",
        "<entry name='web'><source><member>any</member></source></entry>",
        "-A FORWARD -s 192.0.2.0/24 -p tcp -m tcp --dport 443 -j ACCEPT",
    ],
)
def test_rules_are_shown_as_they_are(line: str) -> None:
    assert hide(line) == line


@pytest.mark.parametrize("text", ["password" * 20_000, "key " * 40_000, "<pass" * 30_000, "a-" * 80_000, "=" * 200_000])
def test_a_crafted_line_takes_no_time_that_grows_with_its_square(text: str) -> None:
    # Quadratic time on any of these would outlast the suite.
    assert isinstance(hide(text), str)
