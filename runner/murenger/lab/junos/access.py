"""Decides whether the device accepts a new management connection, from its own committed configuration.

Input: the committed configuration, the management interface and the client's address. Output: a reason to drop the
connection, or None. Connections that are already open are never asked again: they live on, as established sessions do.
"""

import ipaddress
from typing import TypeAlias

from murenger.lab.junos.check import inet_filters
from murenger.lab.junos.tree import Node

SERVICES = ("netconf", "ssh")
_PORT_NAMES = {"ssh": 22, "netconf": 830, "http": 80, "https": 443, "telnet": 23, "snmp": 161}
_PORTS = (22, 830)
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def refusal(root: Node, *, interface: str, client: str) -> str | None:
    """Judge a new connection to the NETCONF service.

    Args:
        root: the committed configuration.
        interface: logical interface that the connection arrives on, such as `ge-0/0/0.0`.
        client: the client's IP address.

    Returns:
        Why the device does not answer, or None when it does.
    """
    if root.get("system", "services", "netconf", "ssh") is None:
        return "system services netconf ssh is not configured"
    if (reason := _interface_filter(root, interface, ipaddress.ip_address(client))) is not None:
        return reason
    zone = _zone_of(root, interface)
    if zone is None:
        return f"{interface} is in no security zone"
    # Host-inbound settings of an interface take the place of its zone's.
    inbound = zone.get("interfaces", interface, "host-inbound-traffic") or zone.get("host-inbound-traffic")
    services = inbound.get("system-services") if inbound else None
    if services is None or not any(_admits(services, name) for name in SERVICES):
        return f"host-inbound-traffic of {zone.label} admits neither netconf nor ssh"
    return None


def _zone_of(root: Node, interface: str) -> Node | None:
    zones = root.get("security", "zones")
    for zone in zones.active("security-zone") if zones else ():
        if zone.get("interfaces", interface) is not None:
            return zone
    return None


def _admits(services: Node, name: str) -> bool:
    entry = services.get(name)
    if entry is not None:
        return entry.get("except") is None
    return services.get("all") is not None or services.get("any-service") is not None


def _interface_filter(root: Node, interface: str, client: Address) -> str | None:
    device, unit = interface.rsplit(".", 1)
    name = root.value("interfaces", device, ("unit", unit), ("family", "inet"), "filter", "input")
    packet_filter = inet_filters(root).get(name)
    if packet_filter is None:
        return None
    for term in packet_filter.active("term"):
        then = term.get("then")
        if then is not None and _term_matches(root, term.get("from"), client):
            if then.get("discard") or then.get("reject"):
                return f"{term.label} of {packet_filter.label} discards it"
            # A term without a terminating action accepts.
            return None
    return f"{packet_filter.label} ends, and what it does not accept is discarded"


def _term_matches(root: Node, clause: Node | None, client: Address) -> bool:
    if clause is None:
        return True
    protocols = clause.get("protocol")
    ports = clause.get("destination-port")
    return (
        (protocols is None or bool({"tcp", "6"} & set(protocols.values)))
        and (ports is None or any(_covers(port) for port in ports.values))
        and clause.get("source-port") is None
        and clause.get("icmp-type") is None
        and clause.get("tcp-established") is None
        and _source_matches(root, clause, client)
    )


def _covers(port: str) -> bool:
    if port in _PORT_NAMES:
        return _PORT_NAMES[port] in _PORTS
    low, _, high = port.partition("-")
    return low.isdigit() and any(int(low) <= number <= int(high or low) for number in _PORTS)


def _source_matches(root: Node, clause: Node, client: Address) -> bool:
    sources: list[tuple[str, bool]] = []
    if (node := clause.get("source-address")) is not None:
        sources += [(entry.words[0], entry.get("except") is None) for entry in node.active()]
    if (node := clause.get("source-prefix-list")) is not None:
        for used in node.active():
            members = root.get("policy-options", ("prefix-list", used.words[0]))
            sources += [(entry.words[0], used.get("except") is None) for entry in (members.active() if members else ())]
        if not sources:
            return False
    # The most specific prefix decides; `except` turns a match into none.
    hits = [
        (network.prefixlen, wanted)
        for prefix, wanted in sources
        if client in (network := ipaddress.ip_network(prefix, strict=False))
    ]
    return max(hits)[1] if hits else not sources
