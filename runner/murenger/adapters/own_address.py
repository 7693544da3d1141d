"""Our own end of a connection to a device, as the machine's routing table has it; no packet is sent.

Input: a host name or address. Output: our address and the device's.
"""

import socket

from murenger.errors import UnreachableError

_ANY_PORT = 9


def own_address(host: str) -> tuple[str, str]:
    """Return our own address towards a host, and the host's address.

    Args:
        host: name or address.

    Raises:
        UnreachableError: the name is not known, or no route leads there.
    """
    try:
        found = socket.getaddrinfo(host, _ANY_PORT, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"the address of {host!r} is not known: {error}") from error
    failure: OSError | None = None
    for family, kind, number, _, address in found:
        try:
            # A datagram socket only asks the kernel for the route when it is connected.
            with socket.socket(family, kind, number) as asked:
                asked.connect(address)
                own, peer = asked.getsockname()[0], asked.getpeername()[0]
        except OSError as error:
            failure = error
            continue
        # A scope (fe80::1%eth0) is no part of the address as the device sees it.
        return str(own).partition("%")[0], str(peer).partition("%")[0]
    raise UnreachableError(f"no route leads to {host!r}") from failure
