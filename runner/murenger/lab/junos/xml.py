"""Builds and reads the XML that NETCONF carries, shaped as Junos shapes it.

Input: bytes of one request, or values for a reply. Output: parsed requests and bytes of one reply.
"""

import dataclasses

from lxml import etree

from murenger.lab.junos.errors import Complaint

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
JUNOS = "http://xml.juniper.net/junos/21.4R0/junos"
DELIMITER = b"]]>]]>"
CAPABILITIES = (
    BASE,
    "urn:ietf:params:netconf:base:1.0",
    "urn:ietf:params:netconf:capability:candidate:1.0",
    "urn:ietf:params:netconf:capability:confirmed-commit:1.0",
    "urn:ietf:params:netconf:capability:validate:1.0",
    "http://xml.juniper.net/netconf/junos/1.0",
    "http://xml.juniper.net/dmi/system/1.0",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One RPC.

    Attributes:
        message_id: the client's identity for it.
        name: local name of the operation, such as `lock-configuration`.
        body: the operation's element.
    """

    message_id: str
    name: str
    body: etree._Element

    def attribute(self, name: str, default: str = "") -> str:
        """Return an attribute of the operation."""
        return str(self.body.get(name, default))

    def attributes(self) -> str:
        """Return the operation's attributes as `name=value` words, sorted."""
        return " ".join(f"{name!s}={self.body.get(name)!s}" for name in sorted(map(str, self.body.attrib)))

    def argument(self, name: str) -> str | None:
        """Return the text of a child of the operation, an empty string for an empty child, None for none."""
        for child in children(self.body):
            if local_name(child) == name:
                return child.text or ""
        return None

    def arguments(self) -> tuple[str, ...]:
        """Return the local names of the operation's children."""
        return tuple(local_name(child) for child in children(self.body))


def parse_request(data: bytes) -> Request | None:
    """Read one message.

    Args:
        data: the message without its delimiter.

    Returns:
        The request, or None for a `hello`.

    Raises:
        ValueError: it is not well-formed XML, or neither `rpc` nor `hello`.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data.strip(), parser)
    except etree.XMLSyntaxError as exc:
        raise ValueError(f"malformed request: {exc}") from exc
    if local_name(root) == "hello":
        return None
    below = children(root)
    if local_name(root) != "rpc" or len(below) != 1:
        raise ValueError("expected one rpc element with one operation")
    return Request(message_id=str(root.get("message-id", "")), name=local_name(below[0]), body=below[0])


def children(parent: etree._Element) -> list[etree._Element]:
    """Return the child elements, without entity references and the like."""
    return [child for child in parent if isinstance(child.tag, str)]


def local_name(node: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(node).localname)


def element(name: str, *content: "etree._Element | str", **attributes: str) -> etree._Element:
    """Return an element in the base namespace.

    Args:
        name: local name.
        content: child elements, or one text.
        attributes: attributes in the junos namespace, `_` for `-`.

    Returns:
        The element.
    """
    node = etree.Element(f"{{{BASE}}}{name}")
    for key, value in attributes.items():
        node.set(f"{{{JUNOS}}}{key.replace('_', '-')}", value)
    for part in content:
        if isinstance(part, str):
            node.text = part
        else:
            node.append(part)
    return node


def error(complaint: Complaint) -> etree._Element:
    """Return an `rpc-error`."""
    info = []
    if complaint.bad_element:
        info.append(element("bad-element", complaint.bad_element))
    if complaint.session:
        info.append(element("session-id", str(complaint.session)))
    return element(
        "rpc-error",
        element("error-type", "protocol"),
        element("error-tag", complaint.tag),
        element("error-severity", complaint.severity),
        *([element("line-number", str(complaint.line))] if complaint.line else []),
        *([element("error-path", complaint.path)] if complaint.path else []),
        element("error-message", complaint.message),
        *([element("error-info", *info)] if info else []),
    )


def hello(session: int) -> bytes:
    """Return the greeting that opens a session."""
    root = _root("hello")
    root.append(element("capabilities", *(element("capability", name) for name in CAPABILITIES)))
    root.append(element("session-id", str(session)))
    return b"<!-- No zombies were killed during the creation of this user interface -->\n" + frame(root)


def reply(message_id: str, *content: etree._Element) -> bytes:
    """Return one framed `rpc-reply`."""
    root = _root("rpc-reply")
    root.set("message-id", message_id)
    for part in content:
        root.append(part)
    return frame(root)


def _root(name: str) -> etree._Element:
    namespaces = {None: BASE, "junos": JUNOS}
    # lxml takes None as the default namespace's prefix; its stubs forget that.
    return etree.Element(f"{{{BASE}}}{name}", nsmap=namespaces)  # type: ignore[arg-type]


def frame(root: etree._Element) -> bytes:
    """Return an element as bytes with the base:1.0 delimiter; text cannot hold it, as `>` is escaped."""
    return bytes(etree.tostring(root)) + b"\n" + DELIMITER + b"\n"
