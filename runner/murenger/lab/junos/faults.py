"""Faults a test can switch on: what a broken device, a broken link or a lying device would do.

Input: `fault` requests on the control socket. Output: settings that RPC layer and server obey until switched off.
"""

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
    "log-replaces-comment": "a commit's own comment hides the device's remark that it waits for confirmation (true)",
}
_VALUES: Mapping[str, type[object] | UnionType] = {
    "truncate": int,
    "slow": int | float,
    "drop": str,
    "drop-before": str,
    "wrong-hostname": str,
}


@dataclasses.dataclass(slots=True)
class Faults:
    """Which faults are on; everything is off at first."""

    values: dict[str, object] = dataclasses.field(default_factory=dict)

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
        """Tell whether a fault is on."""
        return name in self.values

    def seconds(self) -> float:
        """Return by how many seconds replies are late."""
        value = self.values.get("slow", 0)
        return float(value) if isinstance(value, (int, float)) else 0.0

    def hits(self, name: str, rpc: str) -> bool:
        """Tell whether a link fault is meant for an RPC."""
        return self.values.get(name) == rpc

    def host_name(self, true_name: str) -> str:
        """Return the host name that the device claims."""
        return str(self.values.get("wrong-hostname", true_name))

    def spoil_tree(self, root: Node) -> Node:
        """Return the configuration that the device shows instead of a true one."""
        if not self.is_on("wrong-hostname"):
            return root
        spoilt = root.copy()
        system = spoilt.get("system")
        leaf = system.children.get(("host-name",)) if system else None
        if leaf is not None:
            leaf.values = (self.host_name(""),)
        return spoilt

    def spoil_text(self, text: str) -> str:
        """Return what arrives of a configuration text."""
        if self.is_on("empty"):
            return ""
        count = self.values.get("truncate")
        if isinstance(count, int):
            return "".join(text.splitlines(keepends=True)[:count])
        return text
