"""Filters for flows: at least what a rule matches, never everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.adapters.napalm.flows import MAX_FILTERS, FlowFilter, filters_of


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "ip saddr 192.0.2.10 ip daddr 203.0.113.5 tcp dport 5432 accept",
            (FlowFilter(source="192.0.2.10", destination="203.0.113.5", protocol="tcp", destination_port="5432"),),
        ),
        ("ip saddr 192.0.2.0/24 accept", (FlowFilter(source="192.0.2.0/24"),)),
        ("ip6 daddr 2001:db8::1 accept", (FlowFilter(destination="2001:db8::1"),)),
        (
            "udp dport { 53, 123 } accept",
            (
                FlowFilter(protocol="udp", destination_port="53"),
                FlowFilter(protocol="udp", destination_port="123"),
            ),
        ),
        ('tcp dport 22 accept comment "ip saddr 198.51.100.1"', (FlowFilter(protocol="tcp", destination_port="22"),)),
        ("ip protocol icmp ip daddr 203.0.113.5 accept", (FlowFilter(destination="203.0.113.5", protocol="icmp"),)),
    ],
)
def test_a_rule_gives_the_filters_it_names(rule: str, expected: tuple[FlowFilter, ...]) -> None:
    assert filters_of(rule) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "accept",
        'iifname "eth0" accept',
        "meta l4proto tcp accept",
        "ip saddr @web_clients accept",
        "tcp dport 1000-2000 accept",
        "ct state new accept",
    ],
)
def test_a_rule_that_names_nothing_to_filter_by_is_unbounded(rule: str) -> None:
    assert filters_of(rule) is None


def test_a_set_too_large_to_enumerate_is_unbounded() -> None:
    ports = ", ".join(str(port) for port in range(1, MAX_FILTERS + 2))
    assert filters_of(f"tcp dport {{ {ports} }} accept") is None


@given(st.text(max_size=200))
def test_hostile_text_gives_only_plain_values(rule: str) -> None:
    for found in filters_of(rule) or ():
        for value in (found.source, found.destination, found.source_port, found.destination_port):
            assert set(value) <= set("0123456789abcdefABCDEF:./")
