"""Faults a test can switch on: what a broken device, a broken link or a lying device would do.

Input: `fault` requests on the control socket. Output: settings that RPC layer and server obey until switched off.
"""

import collections
import dataclasses
from collections.abc import Mapping
from types import UnionType

from murenger.lab.junos.tree import Node

NAMES: Mapping[str, str] = {
    "truncate": "configuration replies end after this many lines (integer)",
    "empty": "configuration replies hold no text (true)",
    "slow": "every reply is late by this many seconds (number)",
    "drop": "the link is cut half-way through the reply to this RPC, which has been carried out (RPC name)",
    "drop-before": "the link is cut when this RPC arrives, and nothing is carried out (RPC name)",
    "candidate-as-running": "the candidate is returned where the committed configuration was asked for (true)",
    "wrong-hostname": "the device gives this host name in configuration and facts (name)",
    "ignore-commit": "a commit is accepted and nothing changes (true)",
    "ignore-confirm": "a confirmation is accepted, and the timer runs on (true)",
    "revert-late": "the confirm timer of the next commit fires this many seconds late (number)",
    "revert-early": "the confirm timer of the next commit fires after this many seconds, whatever was asked (number)",
    "other-device": "configuration and host name are those of another gateway (true)",
    "prompt": "this RPC is not carried out: the device asks a question instead (RPC name)",
    "skip-line": "one leaf of a loaded configuration is left out and nothing is said (which of them, integer)",
    "log-replaces-comment": "a commit's own comment hides the device's remark that it waits for confirmation (true)",
}
_VALUES: Mapping[str, type[object] | UnionType] = {
    "truncate": int,
    "slow": int | float,
    "drop": str,
    "drop-before": str,
    "wrong-hostname": str,
    "revert-late": int | float,
    "revert-early": int | float,
    "prompt": str,
    "skip-line": int,
}
ANOTHER_NAME = "srx9"
"""What the device is called while it answers with another's configuration."""


@dataclasses.dataclass(slots=True)
class Faults:
    """Which faults are on; everything is off at first.

    Attributes:
        values: what is on, with its value.
        struck: how often each has struck.
    """

    values: dict[str, object] = dataclasses.field(default_factory=dict)
    struck: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def switch(self, name: str, value: object) -> None:
        """Switch one fault.

        Args:
            name: one of `NAMES`.
            value: what `NAMES` says; None or False switches it off.

        Raises:
            ValueError: there is no such fault, or the value does not fit.
        """
        if name not in NAMES:
            raise ValueError(f"unknown fault {name!r}; there are {', '.join(NAMES)}")
        if value is None or value is False:
            self.values.pop(name, None)
            return
        wanted = _VALUES.get(name, bool)
        if (value is True) is not (wanted is bool) or not isinstance(value, wanted):
            raise ValueError(f"fault {name!r} does not take {value!r}: {NAMES[name]}")
        self.values[name] = value

    def is_on(self, name: str) -> bool:
        """Tell whether a fault is on, and so strikes."""
        self.struck[name] += name in self.values
        return name in self.values

    def number(self, name: str) -> float | None:
        """Return a number that a fault was given, which strikes now; None where it is off."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        self.struck[name] += 1
        return value

    def seconds(self) -> float:
        """Return by how many seconds replies are late."""
        value = self.values.get("slow", 0)
        return float(value) if isinstance(value, (int, float)) else 0.0

    def hits(self, name: str, rpc: str) -> bool:
        """Tell whether a link fault is meant for an RPC."""
        found = self.values.get(name) == rpc
        self.struck[name] += found
        return found

    def host_name(self, true_name: str) -> str:
        """Return the host name that the device claims."""
        if self.is_on("other-device"):
            return ANOTHER_NAME
        return str(self.values.get("wrong-hostname", true_name))

    def spoil_tree(self, root: Node) -> Node:
        """Return the configuration that the device shows instead of a true one."""
        if not self.is_on("wrong-hostname") and not self.is_on("other-device"):
            return root
        spoilt = root.copy()
        if self.is_on("other-device"):
            spoilt.children.pop(("security",), None)
        system = spoilt.get("system")
        leaf = system.children.get(("host-name",)) if system else None
        if leaf is not None:
            leaf.values = (self.host_name(""),)
        return spoilt

    def overlook(self, text: str) -> str:
        """Return what the device takes in of a configuration text that it is to load."""
        nth = self.number("skip-line")
        lines = text.splitlines(keepends=True)
        leaves = [place for place, line in enumerate(lines) if line.rstrip().endswith(";")]
        if nth is not None and leaves:
            del lines[leaves[int(nth) % len(leaves)]]
        return "".join(lines)

    def spoil_text(self, text: str) -> str:
        """Return what arrives of a configuration text."""
        if self.is_on("empty"):
            return ""
        count = self.number("truncate")
        if count is not None:
            return "".join(text.splitlines(keepends=True)[: int(count)])
        return text
