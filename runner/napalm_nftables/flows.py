"""Entries of the connection table, deleted by what they are about.

Input: addresses, protocol, ports. Output: how many entries went. Replacing rules does not end a connection that
`ct state established` keeps alive; deleting its entry does, for its next packet is then judged as new.
"""

import ipaddress
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from napalm.base.exceptions import CommandErrorException

from napalm_nftables.commands import ENVIRONMENT
from napalm_nftables.transport import Transport

_PROTOCOLS = frozenset(("", "tcp", "udp", "sctp", "icmp"))
_MAX_PORT = 65535
_DELETED = re.compile(r"(\d+) flow entries have been deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Which entries are meant; "" means any.

    Attributes:
        source: address or prefix of the initiator.
        destination: address or prefix of the responder.
        protocol: tcp, udp, sctp or icmp.
        source_port: port number of the initiator; needs a protocol.
        destination_port: port number of the responder; needs a protocol.
    """

    source: str = ""
    destination: str = ""
    protocol: str = ""
    source_port: str = ""
    destination_port: str = ""


class FlowDeletion:
    """The part of the driver that knows the connection table."""

    _transport: Transport

    def delete_flows(
        self,
        *,
        source: str = "",
        destination: str = "",
        protocol: str = "",
        source_port: str = "",
        destination_port: str = "",
    ) -> int:
        """Delete connection-table entries and return how many there were.

        Args:
            source: address or prefix of the initiator.
            destination: address or prefix of the responder.
            protocol: tcp, udp, sctp or icmp.
            source_port: port number; needs a protocol.
            destination_port: port number; needs a protocol.

        Raises:
            ValueError: nothing is named, or a value is not what it should be.
            CommandErrorException: the device has no conntrack, or the login may not use it.
        """
        flows = Flows(
            source=source,
            destination=destination,
            protocol=protocol,
            source_port=source_port,
            destination_port=destination_port,
        )
        return sum(self._delete(arguments) for arguments in conntrack_arguments(flows))

    def _delete(self, arguments: tuple[str, ...]) -> int:
        line = shlex.join((*ENVIRONMENT, *self._transport.sudo, "conntrack", "-D", *arguments))
        reply = self._transport.run(line)
        report = reply.stderr.decode("utf-8", "replace")
        found = _DELETED.search(report)
        if found is None:
            raise CommandErrorException(f"conntrack could not delete: {' '.join(report.split())[:200]}")
        return int(found[1])


def conntrack_arguments(flows: Flows) -> Iterator[tuple[str, ...]]:
    """Yield the arguments of `conntrack -D`, one for each address family that can be meant.

    Raises:
        ValueError: nothing is named, or a value is not what it should be.
    """
    if flows == Flows(protocol=flows.protocol):
        raise ValueError("name an address or a port: deleting every flow is not meant")
    if flows.protocol not in _PROTOCOLS:
        raise ValueError(f"not a protocol: {flows.protocol!r}")
    arguments: list[str] = ["-p", flows.protocol] if flows.protocol else []
    families = {4, 6}
    for option, address in (("-s", flows.source), ("-d", flows.destination)):
        if address:
            network = ipaddress.ip_network(address, strict=False)
            families &= {network.version}
            arguments += [option, str(network) if network.num_addresses > 1 else str(network.network_address)]
    for option, port in (("--sport", flows.source_port), ("--dport", flows.destination_port)):
        if port:
            if not flows.protocol or not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
                raise ValueError(f"not a port of a protocol: {port!r}")
            arguments += [option, port]
    for version in sorted(families):
        yield ("-f", f"ipv{version}", *arguments)
