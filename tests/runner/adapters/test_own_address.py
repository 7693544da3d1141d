"""Our own end of a connection, as the routing table has it."""

import pytest

from murenger.adapters.own_address import own_address
from murenger.errors import UnreachableError


def test_the_loopback_interface_is_reached_from_itself() -> None:
    assert own_address("127.0.0.2") == ("127.0.0.1", "127.0.0.2")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "", "a" * 70 + ".example", "\x00", "255.255.255.255"])
def test_a_host_that_nothing_leads_to_is_one_error(host: str) -> None:
    with pytest.raises(UnreachableError):
        own_address(host)
