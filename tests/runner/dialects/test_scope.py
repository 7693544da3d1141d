"""What a policy leaves alone stays as live has it, in what is compared and in what is applied alike."""

import pytest

from murenger.dialects import Scope, dialect, expected_after, managed_part, within_scope
from murenger.errors import ConfigError

EOS, NFT, JUNOS = dialect("eos"), dialect("nftables"), dialect("junos")

GOLDEN = """\
hostname leaf1
!
interface Ethernet1
   description uplink
   mtu 1500
!
interface Management1
   ip address 192.0.2.1/24
!
ip access-list EDGE
   10 permit tcp any any eq 443
   20 deny ip any any
!
end
"""
LIVE = """\
hostname leaf1
!
interface Ethernet1
   description changed by hand
   mtu 9000
   no switchport
!
interface Ethernet9
   description new
!
interface Management1
   ip address 192.0.2.99/24
!
ip access-list EDGE
   10 permit ip any any
   20 deny ip any any
!
end
"""


def scoped(golden: str, live: str, **paths: tuple[tuple[str, ...], ...]) -> str:
    return within_scope(golden, live, EOS, Scope(**paths))


def test_without_a_scope_golden_speaks_for_everything() -> None:
    assert within_scope(GOLDEN, LIVE, EOS, Scope()) == GOLDEN


def test_an_ignored_section_is_as_live_has_it_and_nothing_else_is() -> None:
    text = scoped(GOLDEN, LIVE, ignore=(("interface Management1",),))
    assert "192.0.2.99/24" in text
    assert text == GOLDEN.replace("192.0.2.1/24", "192.0.2.99/24")


def test_an_ignored_statement_inside_a_managed_section() -> None:
    text = scoped(GOLDEN, LIVE, ignore=(("interface *", "description *"),))
    assert "   description changed by hand\n   mtu 1500\n" in text
    assert "Ethernet9" not in text
    assert "no switchport" not in text


def test_what_live_lost_of_an_ignored_part_stays_lost() -> None:
    live = LIVE.replace("   description changed by hand\n", "")
    assert "description" not in scoped(GOLDEN, live, ignore=(("interface *", "description *"),))
    assert "Management1" not in scoped(GOLDEN, "hostname leaf1\n!\nend\n", ignore=(("interface Management1",),))


def test_only_what_is_managed_is_golden() -> None:
    text = scoped(GOLDEN, LIVE, manage=(("ip access-list EDGE",),))
    assert text == LIVE.replace("permit ip any any\n   20", "permit tcp any any eq 443\n   20")


def test_part_of_a_section_may_be_managed() -> None:
    text = scoped(GOLDEN, LIVE, manage=(("interface *", "mtu *"),))
    # Inside an interface order says nothing.
    assert sorted(text.splitlines()) == sorted(LIVE.replace("mtu 9000", "mtu 1500").splitlines())


def test_ignore_beats_manage() -> None:
    scope = {"manage": (("interface *",),), "ignore": (("interface Management1",),)}
    text = scoped(GOLDEN, LIVE, **scope)
    assert "192.0.2.99/24" in text
    assert "mtu 1500" in text
    assert "Ethernet9" not in text
    assert "permit ip any any" in text


@pytest.mark.parametrize("pattern", [("ip access-list EDGE", "* permit *"), ("ip access-list *", "10 *")])
def test_one_item_of_an_ordered_list_cannot_be_left_out(pattern: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="ip access-list EDGE: its order has meaning"):
        scoped(GOLDEN, LIVE, ignore=(pattern,))


def test_a_pattern_is_text_and_stars_and_nothing_else() -> None:
    for pattern in ("interface Management[0-9]", "interface Management.", "(interface) Management1", "interface M+1"):
        assert scoped(GOLDEN, LIVE, ignore=((pattern,),)) == GOLDEN
    assert "192.0.2.99" in scoped(GOLDEN, LIVE, ignore=(("interface Management?",),))


def test_a_modifier_does_not_hide_a_statement() -> None:
    golden = "system {\n    host-name srx1;\n    services {\n        ssh;\n    }\n}\n"
    live = golden.replace("        ssh;", "        inactive: ssh;\n        telnet;")
    scope = Scope(ignore=(("system", "services", "ssh"),))
    assert within_scope(golden, live, JUNOS, scope) == golden.replace("        ssh;", "        inactive: ssh;")


def test_of_a_shared_firewall_only_own_tables_are_applied() -> None:
    golden = "table inet a {\n\tchain c {\n\t\taccept\n\t}\n}\ntable inet b {\n\tchain c {\n\t\taccept\n\t}\n}\n"
    live = golden.replace("accept", "drop") + "table inet z {\n\tchain c {\n\t\tdrop\n\t}\n}\n"
    scope = Scope(manage=(("table inet a",),))
    desired = within_scope(golden, live, NFT, scope)
    assert desired == live.replace("drop", "accept", 1)
    assert "table inet z" not in managed_part(golden, NFT, desired)
    assert expected_after(desired, live, NFT) == desired
