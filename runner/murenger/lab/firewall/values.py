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
