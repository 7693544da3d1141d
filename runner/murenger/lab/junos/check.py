"""The commit check: references and mandatory statements that the grammar alone cannot judge.

Input: the candidate. Output: nothing, or a `JunosError` that lists every fault and ends as the device's does.
"""

from collections.abc import Iterator

from murenger.lab.junos.errors import Complaint, JunosError, edit_path
from murenger.lab.junos.tree import Node
from murenger.lab.junos.vocabulary import PREDEFINED_APPLICATIONS

_ANY_ADDRESS = frozenset({"any", "any-ipv4", "any-ipv6"})


def check(root: Node) -> None:
    """Judge a candidate.

    Args:
        root: the candidate configuration.

    Raises:
        JunosError: it cannot be committed.
    """
    complaints = [
        *_system(root),
        *_zones(root),
        *_books(root),
        *_policies(root),
        *_filters(root),
        *_prefix_lists(root),
        *_groups(root),
    ]
    if complaints:
        raise JunosError(*complaints, Complaint(message="configuration check-out failed"))


def _fault(message: str, bad_element: str, *path: str) -> Complaint:
    return Complaint(message=message, path=edit_path(path), bad_element=bad_element)


def _missing(name: str, parent: str, *path: str) -> Complaint:
    return _fault(f"Missing mandatory statement: '{name}'", parent, *path)


def _entries(root: Node, *path: str) -> Iterator[Node]:
    """Yield active entries of the list that the last word of the path names."""
    node = root.get(*path[:-1])
    if node is not None:
        yield from node.active(path[-1])


def _names(root: Node, *path: str) -> frozenset[str]:
    return frozenset(entry.words[1] for entry in _entries(root, *path))


def _system(root: Node) -> Iterator[Complaint]:
    if root.get("system", "root-authentication") is None:
        yield _missing("root-authentication", "system")
    classes = _names(root, "system", "login", "class") | {"super-user", "operator", "read-only", "unauthorized"}
    for user in _entries(root, "system", "login", "user"):
        name = user.value("class")
        if not name:
            yield _missing("class", user.label, "system", "login")
        elif name not in classes:
            yield _fault(f"Undefined login class '{name}'", f"class {name}", "system", "login", user.label)


def _zones(root: Node) -> Iterator[Complaint]:
    owners: dict[str, str] = {}
    for zone in _entries(root, "security", "zones", "security-zone"):
        members = zone.get("interfaces")
        for member in members.active() if members else ():
            name = member.words[0]
            path = ("security", "zones", zone.label, "interfaces")
            device, unit = name.rsplit(".", 1)
            if root.get("interfaces", device, ("unit", unit)) is None:
                yield _fault(f"Interface {name} must be configured under interfaces", name, *path)
            if name in owners:
                yield _fault(f"Interface {name} already assigned to another zone", name, *path)
            owners[name] = zone.label


def _books(root: Node) -> Iterator[Complaint]:
    for book in _entries(root, "security", "address-book"):
        known = {(entry.words[0], entry.words[1]) for entry in book.active() if len(entry.words) > 1}
        for entry in book.active("address"):
            if not any("/" in child.words[0] for child in entry.active()):
                yield _missing("ip-prefix", entry.label, "security", book.label)
        for group in book.active("address-set"):
            for member in group.active():
                if len(member.words) > 1 and member.words not in known:
                    yield _fault(
                        "referenced address or address-set is not defined",
                        member.label,
                        "security",
                        book.label,
                        group.label,
                    )
    sets = _names(root, "applications", "application-set")
    applications = _names(root, "applications", "application") | PREDEFINED_APPLICATIONS
    for group in _entries(root, "applications", "application-set"):
        for member in group.active():
            if len(member.words) > 1 and member.words[1] not in (
                sets if member.words[0] == "application-set" else applications
            ):
                yield _fault(
                    "application or application-set must be defined", member.label, "applications", group.label
                )


def _policies(root: Node) -> Iterator[Complaint]:
    policies = root.get("security", "policies")
    zones = _names(root, "security", "zones", "security-zone") | {"junos-host"}
    known = _known(root)
    for context in policies.active() if policies else ():
        path = ("security", "policies", context.label)
        if context.words[0] == "from-zone":
            for zone in (context.words[1], context.words[3]):
                if zone not in zones:
                    yield _fault(f"Security zone {zone} must be defined", context.label, *path[:-1])
        for policy in context.active("policy"):
            yield from _policy(policy, known, (*path, policy.label))


def _known(root: Node) -> dict[str, frozenset[str]]:
    """Return what each match statement may refer to."""
    books = _entries(root, "security", "address-book")
    addresses = _ANY_ADDRESS.union(entry.words[1] for book in books for entry in book.active() if len(entry.words) > 1)
    applications = PREDEFINED_APPLICATIONS.union(
        _names(root, "applications", "application"), _names(root, "applications", "application-set")
    )
    return {"source-address": addresses, "destination-address": addresses, "application": applications}


def _policy(policy: Node, known: dict[str, frozenset[str]], path: tuple[str, ...]) -> Iterator[Complaint]:
    match, then = policy.get("match"), policy.get("then")
    if then is None or not any(then.get(action) for action in ("permit", "deny", "reject")):
        yield _missing("then", policy.label, *path[:-1])
    for name, defined in known.items():
        node = match.get(name) if match else None
        if node is None:
            yield _missing(name, "match", *path)
            continue
        for value in node.values:
            if value not in defined:
                yield _fault(_undefined(name, value), f"{name} {value}", *path, "match")


def _undefined(name: str, value: str) -> str:
    if name == "application":
        return "application or application-set must be defined"
    return f"{name.removesuffix('-address').capitalize()} address or address_set ({value}) not found."


def _filters(root: Node) -> Iterator[Complaint]:
    filters = inet_filters(root)
    interfaces = root.get("interfaces")
    for device in interfaces.active() if interfaces else ():
        for unit in device.active("unit"):
            chosen = unit.get(("family", "inet"), "filter")
            for leaf in chosen.active() if chosen else ():
                if leaf.values[0] not in filters:
                    path = ("interfaces", device.label, unit.label, "family inet", "filter")
                    yield _fault(
                        f"Referenced filter '{leaf.values[0]}' is not defined", f"{leaf.label} {leaf.values[0]}", *path
                    )


def _prefix_lists(root: Node) -> Iterator[Complaint]:
    lists = _names(root, "policy-options", "prefix-list")
    for item in inet_filters(root).values():
        for term in item.active("term"):
            clause = term.get("from")
            for name in ("source-prefix-list", "destination-prefix-list"):
                used = clause.get(name) if clause else None
                for entry in used.active() if used else ():
                    if entry.words[0] not in lists:
                        path = ("firewall", "family inet", item.label, term.label, "from", name)
                        yield _fault("prefix-list is not defined", entry.label, *path)


def inet_filters(root: Node) -> dict[str, Node]:
    """Return the active IPv4 packet filters by name."""
    family = root.get("firewall", ("family", "inet"))
    return {item.words[1]: item for item in family.active("filter")} if family else {}


def _groups(root: Node) -> Iterator[Complaint]:
    groups = root.get("groups")
    known = frozenset(group.words[0] for group in groups.active()) if groups else frozenset()

    def walk(node: Node, path: tuple[str, ...]) -> Iterator[Complaint]:
        for child in node.active():
            if child.words == ("apply-groups",):
                for name in child.values:
                    if name not in known:
                        yield _fault(
                            f"apply-groups: configuration group '{name}' is not defined", f"apply-groups {name}", *path
                        )
            else:
                yield from walk(child, (*path, child.label))

    yield from walk(root, ())
