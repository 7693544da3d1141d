"""Plain values that the inside and the outside of the lab firewall exchange.

Input: none. Output: the names of the two forms, and what became of a connection or a command.
"""

import dataclasses

USERNS, NETNS = "userns", "netns"
FORMS = (USERNS, NETNS)
IPV4, IPV6 = 4, 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What became of one TCP connection.

    Attributes:
        connected: the handshake succeeded and a line came back.
        detail: `connected`, `timed out`, `refused` or the kernel's words.
        took_s: seconds until that was known.
    """

    connected: bool
    detail: str
    took_s: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that ended.

    Attributes:
        code: exit code.
        stdout: what it printed.
        stderr: what it complained about.
    """

    code: int
    stdout: str
    stderr: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FlowCount:
    """What became of the packets of one flow.

    Attributes:
        name: the flow.
        sent: how many were sent; they are numbered from 0.
        caught: first and last number of each unbroken run that arrived.
    """

    name: str
    sent: int
    caught: tuple[tuple[int, int], ...]

    @property
    def arrived(self) -> int:
        """How many arrived."""
        return sum(last - first + 1 for first, last in self.caught)

    @property
    def lost(self) -> int:
        """How many did not arrive."""
        return self.sent - self.arrived


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StreamCount:
    """What became of a stream of packets, and how well that was measured.

    Attributes:
        sent: packets of all flows.
        elapsed_s: seconds from the first to the last.
        longest_gap_s: longest time in which none was sent; what is open for less may go unseen.
        overlooked: packets that arrived and could not be looked at.
        flows: what became of each flow.
    """

    sent: int
    elapsed_s: float
    longest_gap_s: float
    overlooked: int
    flows: tuple[FlowCount, ...]

    @property
    def rate(self) -> float:
        """Packets a second that were really sent."""
        return self.sent / self.elapsed_s

    def flow(self, name: str) -> FlowCount:
        """Return the count of one flow."""
        return next(flow for flow in self.flows if flow.name == name)
