"""Management traffic: our own way to a device, as the device sees it.

Input: the inventory, or our own end of a connection. Output: a `Management`.
"""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """The traffic by which we read and change one device.

    Attributes:
        sources: prefixes that we may come from.
        address: the device's address that we connect to, or "" if the device may see another.
        port: its port.
        protocol: name or number of the protocol.
        interface: the interface of the device that we come in by, or "" if nobody told us.
        lists: rule lists that the traffic is held against one by one, for a platform whose rule model does not hold
            what is for the device itself; empty: the ways to and from the device.
        origin: where these facts come from, one clause for people.
    """

    sources: tuple[str, ...]
    address: str
    port: int
    protocol: str = "tcp"
    interface: str = ""
    lists: tuple[str, ...] = ()
    origin: str = ""

    @property
    def text(self) -> str:
        """One line for people."""
        into = self.address or "any address of the device"
        by = f" by {self.interface}" if self.interface else ""
        said = f"{self.protocol} {', '.join(self.sources)} -> {into} port {self.port}{by}"
        return f"{said} ({self.origin})" if self.origin else said
