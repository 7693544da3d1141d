"""Who may open a management connection: the device's own access list on its API, evaluated per new connection.

Input: the running configuration and a client's address. Output: whether the connection is let in.
"""

import ipaddress

from murenger.lab.eos import editor, tree

_API = "management api http-commands"
_API_PORT = "https"
_PORT_WORDS = {"eq", "neq", "gt", "lt", "range"}


def admits(running: tree.Node, client: ipaddress.IPv4Address) -> bool:
    """Say whether the API is up and its access list permits a client.

    Args:
        running: the running configuration.
        client: the client's address.
    """
    api = running.child(_API)
    if api is None or not _is_enabled(api) or api.child("protocol https") is not None:
        return False
    vrf = api.child("vrf default")
    if vrf is None:
        return True
    if not _is_enabled(vrf):
        return False
    applied = vrf.child("ip access-group")
    return applied is None or _permits(running, applied.line.split()[2], client)


def _is_enabled(node: tree.Node) -> bool:
    return node.child("shutdown") is not None


def _permits(running: tree.Node, name: str, client: ipaddress.IPv4Address) -> bool:
    standard = running.child(f"ip access-list standard {name}")
    extended = running.child(f"ip access-list {name}")
    found = standard or extended
    if found is None:
        # A list that does not exist filters nothing.
        return True
    for _number, entry in editor.entries(found):
        words = entry.line.split()
        if words[0] == "remark":
            continue
        fields = words[1:] if standard is not None else _of_api(words[1:])
        if fields and client in _network(fields):
            return words[0] == "permit"
    return False


def _of_api(words: list[str]) -> list[str]:
    """Return the source of an extended entry where it can match connections to the API, else nothing."""
    protocol, source = words[0], words[1:]
    after = source[2:] if source[0] == "host" else source[1:]
    if protocol not in {"ip", "tcp"} or "established" in source or after[0] in _PORT_WORDS:
        return []
    destination = after[2:] if after[0] == "host" else after[1:]
    if destination and destination[0] in _PORT_WORDS:
        return source if destination[0] == "eq" and _API_PORT in destination else []
    return source


def _network(words: list[str]) -> ipaddress.IPv4Network:
    if words[0] == "any":
        return ipaddress.IPv4Network("0.0.0.0/0")
    return ipaddress.IPv4Network(words[1] if words[0] == "host" else words[0])
