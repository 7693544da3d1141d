"""The simulation of IOS: commands do what the device does, and what is not known is refused."""

import pytest

from murenger.errors import GuardRefusedError
from murenger.heal.edits.ios import Ios, simulate

TEXT = """\
version 15.7
hostname r1
!
banner motd ^C
ip access-list extended FAKE
 permit ip any any
^C
interface GigabitEthernet0/0
 ip access-group EDGE in
ip access-list extended EDGE
 remark who may come in
 10 permit tcp any any eq 443
 20 deny   ip any any log
ip access-list standard 23
 10 permit 192.0.2.0 0.0.0.255
access-list 101 permit ip any any
access-list 101 deny   ip any any
"""
EDGE = "ip access-list extended EDGE"


def after(*commands: str) -> Ios:
    """Return the device after some commands."""
    device = Ios(TEXT)
    for command in commands:
        device.run(command)
    return device


def entries(device: Ios, name: str = "EDGE") -> list[str]:
    return [f"{one.number} {one.text}" for one in device.lists[name].rules]


def test_a_configuration_is_read_with_its_lists_and_bindings() -> None:
    device = Ios(TEXT)
    assert set(device.lists) == {"EDGE", "23", "101"}
    assert dict(device.bindings) == {("GigabitEthernet0/0", "in"): "EDGE"}
    assert device.lists["101"].is_flat
    assert Ios(device.text).text == device.text
    assert "ip access-list extended FAKE" in device.text, "a banner is no list"


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ((EDGE, "15 permit udp any any eq 53"), ["10", "15", "20"]),
        ((EDGE, "permit udp any any eq 53"), ["10", "20", "30"]),
        ((EDGE, "5 remark first"), ["5", "10", "20"]),
        ((EDGE, "no 10"), ["20"]),
        ((EDGE, "no deny ip any any log"), ["10"]),
        (("ip access-list resequence EDGE 100 5",), ["100", "105"]),
    ],
)
def test_entries_come_and_go_by_number(commands: tuple[str, ...], expected: list[str]) -> None:
    assert [line.split()[0] for line in entries(after(*commands))] == expected


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ((EDGE, "10 permit udp any any"), "number 10 is taken"),
        ((EDGE, "15 permit tcp any any eq 443"), "is there already"),
        ((EDGE, "no 30"), "there is no line 30"),
        ((EDGE, "no permit udp any any"), "there is no line"),
        ((EDGE, "0 permit udp any any"), "number 0"),
        (("ip access-list standard EDGE",), "list EDGE is extended"),
        (("ip access-list resequence OTHER 10 10",), "there is no list OTHER"),
        (("ip access-list resequence EDGE 2147483640 10",), "cannot be numbered"),
        (("no ip access-list extended OTHER",), "there is no list OTHER"),
        (("interface GigabitEthernet0/9",), "there is no interface"),
        (("interface GigabitEthernet0/0", "no ip access-group OTHER in"), "is not bound there"),
        (("interface GigabitEthernet0/0", "no ip access-group EDGE out"), "is not bound there"),
        (("ip access-list extended 101", "5 deny tcp any any"), "numbers of its lines are not known"),
        (("permit ip any any",), "nobody here knows"),
        ((EDGE, "exit", "10 permit ip any any"), "nobody here knows"),
        (("reload in 5",), "nobody here knows"),
        (("no access-list 102",), "there is no list 102"),
        ((EDGE, "evaluate MIRROR"), "nobody here knows"),
    ],
)
def test_what_the_device_would_refuse_or_nobody_knows_is_refused(commands: tuple[str, ...], why: str) -> None:
    with pytest.raises(GuardRefusedError, match=why):
        after(*commands)


def test_a_line_of_a_flat_list_cannot_be_taken_out_alone() -> None:
    assert "101" not in after("no access-list 101 permit ip any any").lists


def test_a_binding_replaces_the_one_that_stood_there() -> None:
    device = after("interface GigabitEthernet0/0", "ip access-group 101 in", "ip access-group 23 out")
    assert dict(device.bindings) == {("GigabitEthernet0/0", "in"): "101", ("GigabitEthernet0/0", "out"): "23"}
    device.run("no ip access-group 101 in")
    assert dict(device.bindings) == {("GigabitEthernet0/0", "out"): "23"}


@pytest.mark.parametrize("commands", [(EDGE, "no 10", "no 20"), ("no ip access-list extended EDGE",)])
def test_an_empty_or_undefined_bound_list_is_named(commands: tuple[str, ...]) -> None:
    assert Ios(TEXT).unsafe_binding() == ""
    assert after(*commands).unsafe_binding() == "EDGE"


def test_only_commands_that_change_something_are_steps_and_the_last_is_one() -> None:
    steps = list(simulate(TEXT, [EDGE, "no  10", "exit", "!", "end"]))
    assert [step.command for step in steps] == ["no 10", "end"]
    assert steps[0].text == steps[1].text
    assert list(simulate(TEXT, [])) == []


def test_writing_a_list_that_nothing_names_is_no_step_and_binding_it_is() -> None:
    new = ["ip access-list extended NEW", "10 permit ip any any", "exit"]
    bind = ["interface GigabitEthernet0/0", "ip access-group NEW in", "ip access-group NEW out"]
    steps = list(simulate(TEXT, [*new, *bind]))
    assert [step.command for step in steps] == bind[1:]
    assert "10 permit ip any any" in steps[0].text
    used = TEXT.replace("access-list 101 permit", "line vty 0 4\n access-class NEW in\naccess-list 101 permit")
    assert [step.command for step in simulate(used, new)] == [*new[:2], "exit"]


def test_a_line_of_a_list_that_nobody_knows_is_refused() -> None:
    with pytest.raises(GuardRefusedError, match="evaluate MIRROR"):
        Ios("ip access-list extended A\n 10 evaluate MIRROR\n")
