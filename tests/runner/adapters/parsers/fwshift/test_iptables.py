"""iptables: built-in chains, jumps, returns, negation, states and flags, both families.

Input: fixtures of our own writing. Output: verdicts that were derived by hand from iptables(8).
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.errors import ParseError
from murenger.semantics.ir import Hook, Ruleset

Read = Callable[[str, str], Ruleset]
Ask = Callable[[Ruleset, str], str]

GATEWAY = [
    ("lo> 127.0.0.1>127.0.0.1 tcp 5", "allow INPUT 1"),
    ("eth0> 192.0.2.1>10.1.1.1 tcp 22 state=established", "allow INPUT 2"),
    ("eth0> 192.0.2.1>10.1.1.1 tcp 22 state=related", "allow INPUT 2"),
    ("eth0> 192.0.2.1>10.1.1.1 tcp 22 state=invalid", "deny INPUT 3"),
    ("eth0> 192.0.2.1>10.1.1.1 tcp 22", "allow INPUT 4 (ssh in)"),
    ("eth0> 192.0.2.1>10.1.1.1 tcp 22 flags=ack", "deny INPUT policy DROP"),
    ("eth0> 192.0.2.1>10.1.1.1 tcp 23", "deny INPUT policy DROP"),
    ("eth0> 192.0.2.1>10.1.1.1 icmp/8 0", "unknown"),
    ("eth0> 192.0.2.1>10.1.1.1 icmp/0 0", "deny INPUT policy DROP"),
    ("eth0> 192.0.2.1>10.1.1.1 udp 67", "allow INPUT 6"),
    ("eth0> 192.0.2.1>10.1.1.1 udp 68", "allow INPUT 6"),
    ("eth0> 192.0.2.1>10.1.1.1 udp 69", "deny INPUT policy DROP"),
    ("eth1> 192.0.2.1>10.1.1.1 udp 67", "deny INPUT policy DROP"),
    ("eth1>wan0 192.0.2.1>10.1.1.1 udp 9 state=established", "allow FORWARD 1"),
    ("wan0>eth1 203.0.113.9>10.1.1.1 tcp 443", "deny checks 1"),
    ("wan0>eth1 203.0.114.0>10.1.1.1 tcp 443", "unknown"),
    ("eth0>eth1 203.0.114.0>10.1.1.1 tcp 443 flags=ack", "deny checks 3"),
    ("eth0>eth1 203.0.114.0>10.1.1.1 tcp 443", "unknown"),
    ("eth0>eth1 203.0.114.0>10.1.1.1 tcp 85", "deny FORWARD policy DROP"),
    ("eth0>eth1 10.9.0.1>10.1.1.1 tcp 443", "deny FORWARD policy DROP"),
    ("eth0>eth1 203.0.114.0>10.1.2.1 tcp 443", "deny FORWARD 8"),
    ("eth7>wan0 10.4.4.4>192.0.2.1 udp 53", "allow FORWARD 4"),
    ("eth7>wan0 10.4.4.4>192.0.2.1 udp 54", "deny FORWARD policy DROP"),
    ("ppp0>wan0 10.4.4.4>192.0.2.1 udp 53", "deny FORWARD policy DROP"),
    ("ppp0>wan0 10.1.1.4>192.0.2.1 tcp 22", "allow FORWARD 5"),
    ("ppp0>wan0 10.1.1.4>192.168.2.1 tcp 22", "deny FORWARD 8"),
    ("ppp0>wan1 10.1.1.4>192.0.2.1 tcp 22", "deny FORWARD 8"),
    ("ppp0>wan1 10.5.5.5>192.0.2.1 udp 22", "allow FORWARD 6"),
    ("ppp0>wan1 10.5.5.9>192.0.2.1 gre", "allow FORWARD 6"),
    ("ppp0>wan1 10.5.5.10>192.0.2.1 udp 22", "deny FORWARD policy DROP"),
    ("ppp0>wan1 10.5.5.5>192.0.2.1 tcp 22", "deny FORWARD 8"),
    ("wan0>eth1 10.0.0.1>10.1.2.1 udp 22", "deny FORWARD policy DROP"),
    (">wan0 10.1.1.1>203.0.113.66 tcp 22", "deny OUTPUT 1"),
    (">wan0 10.1.1.1>203.0.113.67 tcp 22", "allow OUTPUT policy ACCEPT"),
    (">wan0 2001:db8::1>2001:db8::2 tcp 22", "unknown"),
]

BOTH = [
    ("a>b 192.0.2.1>10.1.1.10 tcp 22", "deny FORWARD 1"),
    ("a>b 192.0.2.1>10.1.1.10 tcp 23", "allow FORWARD policy ACCEPT"),
    ("a>b 2001:db9::1>2001:db8::1 tcp 443", "allow FORWARD 1"),
    ("a>b 2001:db9::1>2001:db8::1 tcp 444", "deny FORWARD policy DROP"),
    ("a>b 2001:db9::1>2001:db9::2 icmpv6/128 0", "allow FORWARD 2"),
    ("a>b 2001:db9::1>2001:db9::2 icmpv6/129 0", "deny FORWARD policy DROP"),
]


@pytest.mark.parametrize(("said", "wanted"), GATEWAY)
def test_a_packet_meets_the_chain_of_its_way(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("iptables", "gateway.txt"), said) == wanted


@pytest.mark.parametrize(("said", "wanted"), BOTH)
def test_one_text_may_hold_both_families(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("iptables", "both.txt"), said) == wanted


def test_every_built_in_chain_is_covered(ruleset: Read) -> None:
    assert ruleset("iptables", "gateway.txt").covers == {Hook.INPUT, Hook.FORWARD, Hook.OUTPUT}


@pytest.mark.parametrize(
    ("rule", "said", "wanted"),
    [
        ("! -s 10.0.0.0/8 -j ACCEPT", "a>b 10.0.0.1>192.0.2.1 udp 1", "deny"),
        ("! -s 10.0.0.0/8 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "allow"),
        ("-s ! 10.0.0.0/8 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "allow"),
        ("-p tcp -m tcp ! --sport 1:1023 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 tcp/1023 1", "deny"),
        ("-p tcp -m tcp ! --sport 1:1023 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 tcp/1024 1", "allow"),
        ("-p tcp -m tcp ! --sport 1:1023 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp/1024 1", "deny"),
        ("-p 47 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 gre", "allow"),
        ("! -p 47 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 gre", "deny"),
        ("-p tcp -m tcp --tcp-flags ACK ACK -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 tcp 1", "deny"),
        ("-p tcp -m tcp --tcp-flags ACK ACK -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "deny"),
        ("-m conntrack ! --ctstate NEW -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "deny"),
        ("-m conntrack ! --ctstate NEW -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1 state=untracked", "allow"),
        ("-m conntrack --ctstate DNAT -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "unknown"),
        ("-m string --string -i --algo bm -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "unknown"),
        ('-m comment --comment "-j DROP" -j ACCEPT', "a>b 11.0.0.1>192.0.2.1 udp 1", "allow"),
        ("-j NFQUEUE --queue-num 0", "a>b 11.0.0.1>192.0.2.1 udp 1", "unknown"),
        ("-j RETURN", "a>b 11.0.0.1>192.0.2.1 udp 1", "deny"),
        ("-j MARK --set-mark 1", "a>b 11.0.0.1>192.0.2.1 udp 1", "deny"),
        ("-f -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "unknown"),
        ("-s example.com -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "unknown"),
        ("-p icmp -m icmp --icmp-type 3/1 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 icmp/3 1", "allow"),
        ("-p icmp -m icmp --icmp-type 3/1 -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 icmp/3 2", "deny"),
        ("-p icmp -m icmp --icmp-type any -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 icmp/13 0", "allow"),
        ("-i + -j ACCEPT", "a>b 11.0.0.1>192.0.2.1 udp 1", "unknown"),
    ],
)
def test_a_condition_means_what_iptables_takes_it_for(rule: str, said: str, wanted: str, verdict: Ask) -> None:
    text = f"*filter\n:INPUT ACCEPT\n:FORWARD DROP\n:OUTPUT ACCEPT\n-A FORWARD {rule}\nCOMMIT\n"
    assert verdict(parser("iptables").parse(text), said).split(" ")[0] == wanted


def test_commands_of_a_listing_are_read_as_a_saved_table(verdict: Ask) -> None:
    text = "-P INPUT DROP\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-N web\n-A INPUT -j web\n-A web -p tcp -j ACCEPT\n"
    rules = parser("iptables").parse(text)
    assert verdict(rules, "a> 192.0.2.1>192.0.2.2 tcp 1") == "allow web 1"
    assert verdict(rules, "a> 192.0.2.1>192.0.2.2 udp 1") == "deny INPUT policy DROP"


def test_logging_is_handling_and_no_decision(configuration: Callable[[str, str], str]) -> None:
    text = configuration("iptables", "gateway.txt")
    lists = [parser("iptables").parse(one).lists[1] for one in (text, text.replace("drop ", "gone "))]
    meaning = [[(rule.action, rule.any_of, rule.unless) for rule in one.rules] for one in lists]
    assert meaning[0] == meaning[1]
    assert [rule.handling for rule in lists[0].rules] != [rule.handling for rule in lists[1].rules]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*filter\n:INPUT ACCEPT\n:a -\n-A INPUT -j a\n-A a -j a\nCOMMIT\n", "jumps into itself"),
        ("*filter\n:INPUT ACCEPT\n:a -\n:b -\n-A INPUT -j a\n-A a -g b\n-A b -j a\nCOMMIT\n", "jumps into itself"),
        ("*filter\n:INPUT ACCEPT\n-A INPUT -j ACCEPT\n", "is not whole"),
        ("*filter\n:INPUT ACCEPT\n*nat\nCOMMIT\n", "before COMMIT"),
        ("*filter\n:INPUT ACCEPT\nhello\nCOMMIT\n", "is no rule"),
        ("*filter\n:INPUT QUEUE\nCOMMIT\n", "cannot have policy"),
        ("*filter\nCOMMIT\n*filter\n:FORWARD ACCEPT\nCOMMIT\n*filter\nCOMMIT\n", "second table"),
        ("*nat\nCOMMIT\n", "no table filter"),
        ("*filter\n:INPUT ACCEPT\n-A web -j ACCEPT\nCOMMIT\n", "no line that makes it"),
        ('*filter\n:INPUT ACCEPT\n-A INPUT --comment "x\nCOMMIT\n', "no closing quotation"),
        ("", "no table filter"),
    ],
)
def test_what_is_no_whole_table_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parser("iptables").parse(text)


def test_chains_that_multiply_are_refused() -> None:
    lines = ["*filter", ":INPUT ACCEPT", *(f":c{number} -" for number in range(20))]
    lines += [f"-A c{number} -j c{number + 1}" for number in range(19) for _ in range(4)]
    lines += ["-A c19 -j ACCEPT", "-A INPUT -j c0", "COMMIT"]
    with pytest.raises(ParseError, match="more than 50000 rules"):
        parser("iptables").parse("\n".join(lines))


FLAGS = [
    ("ALL NONE", "allow", "allow", "unknown"),
    ("SYN,FIN SYN,FIN", "unknown", "unknown", "allow"),
    ("SYN,RST SYN,RST", "allow", "unknown", "allow"),
    ("ALL FIN,PSH,URG", "allow", "allow", "unknown"),
    ("FIN,SYN,RST,ACK SYN", "deny", "allow", "allow"),
    ("SYN,RST,ACK NONE", "allow", "allow", "deny"),
    ("SYN,BOGUS SYN", "unknown", "unknown", "unknown"),
]


@pytest.mark.parametrize(("said", "syn", "ack", "none"), FLAGS)
def test_flags_bound_a_rule_as_far_as_they_tell(said: str, syn: str, ack: str, none: str, verdict: Ask) -> None:
    text = f"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --tcp-flags {said} -j DROP\nCOMMIT\n"
    ruleset = parser("iptables").parse(text)
    for flags, expected in (("syn", syn), ("ack", ack), ("none", none)):
        assert verdict(ruleset, f"a> 192.0.2.1>192.0.2.2 tcp 8 flags={flags}").split()[0] == expected, flags


def test_icmp_type_255_is_every_type(verdict: Ask) -> None:
    text = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p icmp -m icmp --icmp-type 255 -j DROP\nCOMMIT\n"
    assert verdict(parser("iptables").parse(text), "a> 192.0.2.1>192.0.2.2 icmp/8 0").startswith("deny")
