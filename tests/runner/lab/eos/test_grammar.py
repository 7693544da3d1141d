"""What the emulated switch takes, refuses and prints."""

import pytest

from murenger.lab.eos import editor, render
from murenger.lab.eos.editor import Editor, RefusedError


def body(text: str) -> list[str]:
    return render.body(editor.load(text))


def section(text: str, name: str) -> list[str]:
    lines = body(text)
    start = lines.index(name)
    return [line.strip() for line in lines[start + 1 : lines.index("!", start)]]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("frobnicate", "Invalid input (at token 0: 'frobnicate')"),
        ("hostname", "Incomplete command (at token 0: 'hostname')"),
        ("hostname a b", "Invalid input (at token 2: 'b')"),
        ("host leaf1", "Invalid input (at token 0: 'host')"),
        ("interface Ethernet9", "Invalid input (at token 1: 'Ethernet9')"),
        ("interface Ethernet1\nmtu 99999", "Invalid input (at token 1: '99999')"),
        ("vlan 4095", "Invalid input (at token 1: '4095')"),
        ("ip access-list A\npermit tcp any any eq 70000", "Invalid input (at token 5: '70000')"),
        ("ip access-list A\npermit tcp any", "Incomplete command (at token 2: 'any')"),
        ("ip access-list A\npermit tcp any host", "Incomplete command (at token 3: 'host')"),
        ("ip access-list A\npermit tcp any host 1.2.3", "Invalid input (at token 4: '1.2.3')"),
        ("ip access-list A\npermit udp any any established", "Invalid input (at token 4: 'established')"),
        ("ip access-list A\n0 permit ip any any", "Invalid input (at token 0: '0')"),
        ("ip access-list A\npermit ip 10.0.0.0 255.0.0.0 any", "Invalid input (at token 3: '255.0.0.0')"),
        ("permit tcp any any", "Invalid input (at token 0: 'permit')"),
        ("username a secret sha512 $6$short", "Invalid input (at token 4: '$6$short')"),
        ("tacacs-server host 192.0.2.1 key 7 99FF", "Invalid input (at token 5: '99FF')"),
        ("no frobnicate", "Invalid input (at token 1: 'frobnicate')"),
        ("no ip", "Incomplete command (at token 1: 'ip')"),
        ("name TEN", "Invalid input (at token 0: 'name')"),
    ],
)
def test_unknown_lines_are_refused_as_the_vendor_refuses_them(line: str, complaint: str) -> None:
    with pytest.raises(RefusedError) as caught:
        editor.load(line)
    assert caught.value.messages == (complaint,)


def test_refused_line_changes_nothing() -> None:
    root = editor.load("ip access-list A\n10 permit ip any any")
    before = render.body(root)
    cursor = Editor(root)
    cursor.enter("ip access-list A")
    for line in ("10 deny ip any any", "20 permit tcp any", "mtu 1500", "no 10 permit"):
        with pytest.raises(RefusedError):
            cursor.enter(line)
    assert render.body(root) == before


def test_lines_without_indentation_find_their_mode() -> None:
    text = "interface Ethernet1\ndescription one\nvlan 10\nname TEN\ninterface Ethernet2\ndescription two\nip routing\n"
    assert section(text, "interface Ethernet1") == ["description one"]
    assert section(text, "interface Ethernet2") == ["description two"]
    assert section(text, "vlan 10") == ["name TEN"]
    assert "ip routing" in body(text)


def test_a_line_of_an_outer_mode_closes_the_inner_one() -> None:
    with pytest.raises(RefusedError, match="token 0: 'name'"):
        editor.load("vlan 10\nip routing\nname TEN")


def test_unnumbered_entries_go_to_the_end_in_tens() -> None:
    text = "ip access-list A\npermit tcp any any\n25 deny ip any any\npermit udp any any\n"
    assert section(text, "ip access-list A") == [
        "10 permit tcp any any",
        "25 deny ip any any",
        "30 permit udp any any",
    ]


def test_a_taken_number_is_refused_unless_the_entry_is_the_same() -> None:
    assert section("ip access-list A\n10 permit ip any any\n10 permit ip any any", "ip access-list A") == [
        "10 permit ip any any"
    ]
    with pytest.raises(RefusedError, match="Duplicate sequence number"):
        editor.load("ip access-list A\n10 permit ip any any\n10 deny ip any any")


def test_entries_are_removed_by_number_and_by_text_and_resequenced() -> None:
    text = (
        "ip access-list A\n10 remark one\n20 permit tcp any any eq ssh\n30 deny ip any any\n40 permit ip any any\n"
        "no 10\nno permit tcp any any eq 22\nresequence 100 5\n"
    )
    assert section(text, "ip access-list A") == ["100 deny ip any any", "105 permit ip any any"]


def test_addresses_and_ports_take_their_canonical_spelling() -> None:
    text = (
        "ip access-list A\npermit tcp 192.0.2.77 0.0.0.255 203.0.113.9/32 eq 443 22\n"
        "permit ip 0.0.0.0/0 192.0.2.0 0.0.0.0\npermit udp any range 1 53 any neq 123 log\n"
        "permit ip 192.0.2.9 255.255.255.255 any\n"
    )
    assert section(text, "ip access-list A") == [
        "10 permit tcp 192.0.2.0/24 host 203.0.113.9 eq https ssh",
        "20 permit ip any host 192.0.2.0",
        "30 permit udp any range 1 domain any neq ntp log",
        "40 permit ip any any",
    ]


def test_one_name_is_one_kind_of_access_list() -> None:
    with pytest.raises(RefusedError, match="another type"):
        editor.load("ip access-list A\nip access-list standard A")


def test_printing_is_a_fixed_point() -> None:
    text = (
        "banner motd\nline one\n  indented ! not a comment\n\nEOF\nrouter bgp 65001\n!! why\n"
        "neighbor 198.51.100.2 remote-as 65002\nmanagement api http-commands\nno shutdown\nvrf default\nno shutdown\n"
        "interface Ethernet4\nno switchport\nshutdown\nusername a secret sesame\n"
    )
    once = render.body(editor.load(text))
    assert render.body(editor.load("\n".join(once))) == once
    assert "  indented ! not a comment" in once


def test_factory_defaults_print_what_is_absent() -> None:
    lines = body("")
    assert lines[1] == "no aaa root"
    assert {"no ip routing", "spanning-tree mode mstp", "interface Ethernet8", "interface Management1"} <= set(lines)


def test_permanent_ports_are_reset_and_never_removed() -> None:
    assert section("interface Ethernet1\ndescription x\nno interface Ethernet1", "interface Ethernet1") == []


def test_inverse_settings_print_their_negation_only() -> None:
    text = "interface Ethernet1\nno switchport\ninterface Ethernet2\nno switchport\nswitchport\n"
    assert section(text, "interface Ethernet1") == ["no switchport"]
    assert section(text, "interface Ethernet2") == []
    assert section("interface Ethernet3\nno switchport\ndefault switchport", "interface Ethernet3") == []


def test_clear_secrets_are_stored_encoded() -> None:
    text = "\n".join(body("username a secret sesame\nenable secret sesame\ntacacs-server host 192.0.2.1 key sesame"))
    assert "sesame" not in text
    assert "username a secret sha512 $6$" in text
    assert "enable password sha512 $6$" in text
    assert "tacacs-server host 192.0.2.1 key 7 " in text


def test_sections_and_slots_are_removed_by_their_short_form() -> None:
    text = (
        "username a privilege 15 secret sesame\nno username a\nvlan 10\nno vlan 10\nip access-list A\n"
        "no ip access-list A\nbanner login\nx\nEOF\nno banner login\nhostname x\nno hostname\n"
        "interface Vlan10\nip access-group A in\nip access-group B out\nno ip access-group in\n"
    )
    lines = body(text)
    assert not [line for line in lines if line.startswith(("username", "vlan", "ip access-list", "banner", "hostname"))]
    assert section(text, "interface Vlan10") == ["ip access-group B out"]


@pytest.mark.parametrize("separator", ["\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_text_that_would_end_a_line_elsewhere_is_refused(separator: str) -> None:
    root = editor.load("")
    cursor = Editor(root)
    cursor.enter("interface Ethernet1")
    with pytest.raises(RefusedError):
        cursor.enter(f"description a{separator}b")


def test_ten_thousand_entries_keep_their_order() -> None:
    numbered = [f"{number} permit ip host 192.0.2.{number % 250} any" for number in range(10_000, 0, -1)]
    assert section("\n".join(["ip access-list A", *numbered]), "ip access-list A") == numbered[::-1]
