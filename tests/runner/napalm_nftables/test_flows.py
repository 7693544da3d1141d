"""Deleting flows: the arguments for conntrack, and what never reaches a shell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napalm_nftables.flows import Flows, conntrack_arguments


def test_addresses_choose_the_family_and_prefixes_stay_prefixes() -> None:
    flows = Flows(source="192.0.2.0/24", destination="203.0.113.5", protocol="tcp", destination_port="5432")
    assert list(conntrack_arguments(flows)) == [
        ("-f", "ipv4", "-p", "tcp", "-s", "192.0.2.0/24", "-d", "203.0.113.5", "--dport", "5432")
    ]


def test_a_port_alone_is_looked_for_in_both_families() -> None:
    found = list(conntrack_arguments(Flows(protocol="udp", destination_port="53")))
    assert [arguments[1] for arguments in found] == ["ipv4", "ipv6"]


@pytest.mark.parametrize(
    "flows",
    [
        Flows(),
        Flows(protocol="tcp"),
        Flows(source="192.0.2.1; reboot"),
        Flows(source="example.net"),
        Flows(destination_port="22"),
        Flows(protocol="tcp", destination_port="22; reboot"),
        Flows(protocol="tcp", destination_port="65536"),
        Flows(protocol="everything", source="192.0.2.1"),
    ],
)
def test_what_is_no_filter_is_refused(flows: Flows) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(conntrack_arguments(flows))


def test_addresses_of_two_families_match_nothing() -> None:
    assert list(conntrack_arguments(Flows(source="192.0.2.1", destination="2001:db8::1"))) == []


@given(st.text(max_size=40), st.text(max_size=10))
def test_whatever_is_given_the_arguments_are_plain(address: str, port: str) -> None:
    try:
        found = list(conntrack_arguments(Flows(source=address, protocol="tcp", destination_port=port)))
    except ValueError:
        return
    for arguments in found:
        assert set("".join(arguments)) <= set("0123456789abcdefipvtcsdor-:./")
