"""Connections that a drift admitted, found in the firewall's connection table and cut.

Input: the differences that were healed. Output: how many entries were cleared, and what could not be bounded.

A healed rule set does not end established flows: `ct state established accept` keeps them alive. Entries are cleared
by the addresses, protocol and ports that a rogue rule names. That may include a flow which golden admits too; its next
packet is then judged anew and admitted. A difference that names none of them is not acted on, for it would cut
everything; the record says that its flows live on.
"""

import dataclasses
import functools
import itertools
import re
from collections.abc import Callable, Sequence
from typing import cast

from murenger.adapters.napalm.connection import Connection
from murenger.adapters.napalm.failures import change_error
from murenger.model import Difference, Operation, Severity
from murenger.ports import FlowReport

# More combinations than this are as good as unbounded, and each is one command on the device.
MAX_FILTERS = 64

_ADDRESS = re.compile(r"\bip6? (saddr|daddr) (\{[^}]*\}|[0-9a-fA-F:./-]+)")
_PORT = re.compile(r"\b(tcp|udp|sctp) (sport|dport) (\{[^}]*\}|[\d-]+)")
_PROTOCOL = re.compile(r"\b(?:meta l4proto|ip protocol) (tcp|udp|icmp|sctp)\b")
_VALUE = re.compile(r"[0-9a-fA-F:.]+(?:/\d+)?")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FlowFilter:
    """Which connection-table entries to clear; "" matches any.

    Attributes:
        source: address or prefix of the initiator.
        destination: address or prefix of the responder.
        protocol: tcp, udp, sctp or icmp.
        source_port: port number as text.
        destination_port: port number as text.
    """

    source: str = ""
    destination: str = ""
    protocol: str = ""
    source_port: str = ""
    destination_port: str = ""


def filters_of(rule: str) -> tuple[FlowFilter, ...] | None:
    """Return filters that cover at least the flows one rule matches, or None if it names nothing to filter by.

    Args:
        rule: one rule in nftables' canonical text.
    """
    bare = re.sub(r'"[^"]*"', '""', rule)
    values: dict[str, tuple[str, ...]] = {}
    for side, text in _ADDRESS.findall(bare):
        values[{"saddr": "source", "daddr": "destination"}[side]] = _values(text)
    for protocol, side, text in _PORT.findall(bare):
        values["protocol"] = (protocol,)
        values[{"sport": "source_port", "dport": "destination_port"}[side]] = _values(text)
    if found := _PROTOCOL.search(bare):
        values.setdefault("protocol", (found[1],))
    values = {name: found_values for name, found_values in values.items() if found_values}
    if not values.keys() & {"source", "destination", "source_port", "destination_port"}:
        return None
    combinations = list(itertools.islice(itertools.product(*values.values()), MAX_FILTERS + 1))
    if len(combinations) > MAX_FILTERS:
        return None
    return tuple(FlowFilter(**dict(zip(values, combination, strict=True))) for combination in combinations)


def cut_flows(connection: Connection, differences: Sequence[Difference]) -> FlowReport:
    """Clear the entries that these healed differences had admitted.

    Args:
        connection: open, with the heal credential; the driver has `delete_flows`.
        differences: golden -> live.
    """
    filters: list[FlowFilter] = []
    unbounded = 0
    for rule in filter(None, map(_admitting, differences)):
        named = filters_of(rule)
        unbounded += named is None
        filters.extend(named or ())
    delete = cast("Callable[..., int]", getattr(connection.driver, "delete_flows", None))
    try:
        cut = sum(
            connection.call("cut flows", functools.partial(delete, **dataclasses.asdict(found)))
            for found in dict.fromkeys(filters)
        )
    except Exception as exc:  # noqa: BLE001 - the heal stands; that flows live on is a fact to record
        reason = change_error(exc, connection.device.name, connection.secrets)
        return FlowReport(cut=None, note=f"connections that the drift admitted live on: {reason.message}")
    note = f"{cut} connection-table entries cleared"
    if unbounded:
        note += f"; connections that {unbounded} unbounded differences admitted live on"
    return FlowReport(cut=cut, note=note)


def _admitting(difference: Difference) -> str | None:
    """Return the text by which a difference let traffic through, or None if it let none through."""
    if difference.severity is not Severity.POLICY:
        return None
    live, golden = difference.live or "", difference.golden or ""
    if difference.operation is Operation.REMOVED:
        return golden if re.search(r"\b(drop|reject|policy)\b", golden) else None
    return live if re.search(r"\b(accept|jump|goto|policy)\b", live) else None


def _values(text: str) -> tuple[str, ...]:
    """Return the single values of a literal; a range in it makes it unusable as a filter."""
    if re.search(r"[0-9a-fA-F]-[0-9a-fA-F]", text):
        return ()
    return tuple(_VALUE.findall(text))
