"""Answers one NETCONF session's RPCs on the configuration, as Junos answers them.

Input: parsed requests. Output: reply elements, or a `JunosError` that becomes an `rpc-error`. Facts are in `facts.py`.
"""

from collections.abc import Callable

from lxml import etree

from murenger.lab.junos import facts, xml
from murenger.lab.junos.datastore import DEFAULT_CONFIRM_MINUTES, OLDEST_ROLLBACK, LoadAction, Owner
from murenger.lab.junos.device import Device
from murenger.lab.junos.errors import Complaint, JunosError, syntax_error
from murenger.lab.junos.render import render
from murenger.lab.junos.schema import Kind
from murenger.lab.junos.setlines import apply_lines, render_set
from murenger.lab.junos.tree import Node

MOST_MINUTES = 65535
WRITING = frozenset({"lock-configuration", "unlock-configuration", "load-configuration", "commit-configuration"})


class Session:
    """One NETCONF session.

    Attributes:
        owner: who it is, for locks and commits.
    """

    def __init__(self, device: Device, owner: Owner, *, may_write: bool) -> None:
        self.owner = owner
        self._device = device
        self._may_write = may_write
        self._operations: dict[str, Callable[[xml.Request], list[etree._Element]]] = {
            "lock-configuration": self._lock,
            "unlock-configuration": self._unlock,
            "load-configuration": self._load,
            "get-configuration": self._get,
            "commit-configuration": self._commit,
            "close-session": lambda _request: [xml.element("ok")],
        }

    def answer(self, request: xml.Request) -> list[etree._Element]:
        """Carry out one RPC.

        Args:
            request: what the client asked.

        Returns:
            The content of the reply.

        Raises:
            JunosError: the device refuses.
        """
        if request.name in WRITING and not self._may_write:
            raise JunosError(Complaint(message="permission denied", bad_element=request.name))
        operation = self._operations.get(request.name)
        if operation is not None:
            return operation(request)
        return [facts.answer(self._device, request)]

    def _lock(self, _request: xml.Request) -> list[etree._Element]:
        self._device.store.lock(self.owner)
        return [xml.element("ok")]

    def _unlock(self, _request: xml.Request) -> list[etree._Element]:
        self._device.store.unlock(self.owner)
        return [xml.element("ok")]

    def _load(self, request: xml.Request) -> list[etree._Element]:
        if request.attribute("compare") == "rollback":
            self._device.store.roll_back(self.owner, _rollback_number(request))
            return [xml.element("load-configuration-results", xml.element("ok"))]
        action = request.attribute("action", "merge")
        if action == "set":
            if request.attribute("format", "text") != "text":
                raise JunosError(Complaint(message="set lines are text", bad_element=request.attribute("format")))
            text = request.argument("configuration-set")
        elif request.attribute("format", "xml") != "text":
            raise JunosError(Complaint(message="only text is emulated", bad_element=request.attribute("format", "xml")))
        else:
            text = request.argument("configuration-text")
        if text is None:
            raise syntax_error("load-configuration", (), "missing configuration data")
        if action == "set":
            self._device.store.require_free(self.owner)
            tree = self._device.store.candidate.copy()
            apply_lines(tree, text)
            self._device.store.edit(self.owner, tree)
        else:
            self._device.store.load(self.owner, self._device.faults.overlook(text), _load_action(action))
        return [xml.element("load-configuration-results", xml.element("ok"))]

    def _get(self, request: xml.Request) -> list[etree._Element]:
        if request.attribute("compare") == "rollback":
            difference = self._device.store.difference(_rollback_number(request))
            return [xml.element("configuration-information", xml.element("configuration-output", difference))]
        database = request.attribute("database", "candidate")
        if database not in {"candidate", "committed"}:
            raise syntax_error(database, ())
        wanted = next((child for child in xml.children(request.body) if xml.local_name(child) == "configuration"), None)
        faults, store = self._device.faults, self._device.store
        committed = database == "committed" and not faults.is_on("candidate-as-running")
        tree = faults.spoil_tree(store.running if committed else store.candidate)
        if request.attribute("format", "xml") == "xml" and wanted is not None:
            return [_selected(wanted, tree)]
        form = request.attribute("format", "xml")
        if form not in {"text", "set"} or (wanted is not None and xml.children(wanted)):
            raise JunosError(Complaint(message="only whole configurations as text are emulated", bad_element="format"))
        if form == "set":
            return [xml.element("configuration-set", faults.spoil_text(f"\n{render_set(tree)}"))]
        text = f"\n{self._header(database)}\n{render(tree)}"
        return [xml.element("configuration-text", faults.spoil_text(text))]

    def _header(self, database: str) -> str:
        store = self._device.store
        if database == "committed":
            return f"## Last commit: {facts.stamp(store.newest.at)} by {store.newest.user}"
        return f"## Last changed: {facts.stamp(store.changed_at)}"

    def _commit(self, request: xml.Request) -> list[etree._Element]:
        unknown = set(request.arguments()) - {"check", "log", "confirmed", "confirm-timeout", "synchronize", "full"}
        if unknown:
            raise syntax_error(min(unknown), ())
        store, faults = self._device.store, self._device.faults
        if store.pending is not None and not store.is_modified and faults.is_on("ignore-confirm"):
            return [_committed("commit-success"), xml.element("ok")]
        if request.argument("check") is not None:
            store.validate(self.owner)
            return [_committed("commit-check-success")]
        if faults.is_on("ignore-commit"):
            store.require_free(self.owner)
            store.discard()
        minutes: int | None = None
        if request.argument("confirmed") is not None:
            minutes = _minutes(request.argument("confirm-timeout"))
        commit = store.commit(self.owner, log=request.argument("log") or "", confirm_minutes=minutes)
        if minutes is not None:
            store.mistime(late_s=faults.number("revert-late"), after_s=faults.number("revert-early"))
        self._device.arm()
        self._device.note(self.owner, "committed", commit.comment or "for good")
        return [_committed("commit-success"), xml.element("ok")]


def _committed(outcome: str) -> etree._Element:
    engine = xml.element("routing-engine", xml.element("name", "re0"), xml.element(outcome))
    return xml.element("commit-results", engine)


def _minutes(text: str | None) -> int:
    if text is None:
        return DEFAULT_CONFIRM_MINUTES
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_MINUTES):
        raise syntax_error(text, (), f"Value {text} is not within range (1..{MOST_MINUTES})")
    return int(text)


def _rollback_number(request: xml.Request) -> int:
    text = request.attribute("rollback", "0")
    if not (text.isascii() and text.isdigit() and int(text) <= OLDEST_ROLLBACK):
        raise syntax_error(text, ())
    return int(text)


def _load_action(name: str) -> LoadAction:
    try:
        return LoadAction(name)
    except ValueError:
        raise syntax_error(name, (), f"load action '{name}' is not emulated") from None


def _selected(wanted: etree._Element, node: Node) -> etree._Element:
    """Return the part of the configuration that a filter of plain names selects."""
    result = xml.element(xml.local_name(wanted))
    for child in xml.children(wanted):
        found = node.get(xml.local_name(child))
        if found is None:
            continue
        if found.rule.kind is not Kind.BLOCK:
            for value in found.values:
                result.append(xml.element(xml.local_name(child), value))
        elif xml.children(child):
            result.append(_selected(child, found))
        else:
            raise JunosError(Complaint(message="only leaves are emulated as XML", bad_element=xml.local_name(child)))
    return result
