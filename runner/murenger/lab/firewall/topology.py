"""The networks around the lab firewall: four segments, each behind its own interface of `fw`.

Input: nothing but the privileges of a namespace. Output: network namespaces, joined, addressed and routed.
"""

import dataclasses
import pathlib
import subprocess

from murenger.lab.failure import LabError

HOME = "fw"
IP_TIMEOUT_S = 20
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One network with one host in it.

    Attributes:
        name: network namespace of the host.
        interface: interface of the firewall that faces it.
        gateway: IPv4 address of the firewall there.
        host: IPv4 address of the host.
        prefix: IPv4 prefix length.
        gateway6: IPv6 address of the firewall there; the prefix length is 64.
        host6: IPv6 address of the host.
    """

    name: str
    interface: str
    gateway: str
    host: str
    prefix: int
    gateway6: str
    host6: str


MGMT = Segment(
    name="mgmt",
    interface="mgmt0",
    gateway="192.0.2.1",
    host="192.0.2.10",
    prefix=28,
    gateway6="2001:db8:1::1",
    host6="2001:db8:1::10",
)
CLIENT = Segment(
    name="client",
    interface="client0",
    gateway="198.51.100.1",
    host="198.51.100.10",
    prefix=24,
    gateway6="2001:db8:2::1",
    host6="2001:db8:2::10",
)
SERVER = Segment(
    name="server",
    interface="server0",
    gateway="203.0.113.1",
    host="203.0.113.10",
    prefix=25,
    gateway6="2001:db8:3::1",
    host6="2001:db8:3::10",
)
CARDDB = Segment(
    name="carddb",
    interface="carddb0",
    gateway="203.0.113.129",
    host="203.0.113.140",
    prefix=25,
    gateway6="2001:db8:4::1",
    host6="2001:db8:4::10",
)
SEGMENTS = (MGMT, CLIENT, SERVER, CARDDB)
NAMESPACES = (HOME, *(segment.name for segment in SEGMENTS))

# What listens where: the web server, a reporting database next to it, and the card database.
LISTENERS = (("server", 443), ("server", 5432), ("carddb", 5432))


def segment(name: str) -> Segment:
    """Return the segment of that name.

    Args:
        name: `mgmt`, `client`, `server` or `carddb`.

    Raises:
        LabError: there is no such segment.
    """
    for candidate in SEGMENTS:
        if candidate.name == name:
            return candidate
    raise LabError(f"no namespace called {name!r}", hint=f"one of {', '.join(s.name for s in SEGMENTS)}")


def _ip(script: str, *, namespace: str | None = None) -> None:
    inside = () if namespace is None else ("-n", namespace)
    done = subprocess.run(
        ["ip", *inside, "-batch", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=IP_TIMEOUT_S,
        env={"PATH": PATH},
    )
    if done.returncode != 0:
        raise LabError(f"ip refused the lab network: {done.stderr.strip()}", hint="is the veth kernel module there?")


def _firewall_side(part: Segment, *, with_ipv6: bool) -> list[str]:
    lines = [f"addr add {part.gateway}/{part.prefix} dev {part.interface}"]
    if with_ipv6:
        lines.append(f"addr add {part.gateway6}/64 dev {part.interface} nodad")
    return [*lines, f"link set {part.interface} up"]


def _host_side(part: Segment, *, with_ipv6: bool) -> list[str]:
    lines = ["link set lo up", f"addr add {part.host}/{part.prefix} dev eth0"]
    if with_ipv6:
        lines.append(f"addr add {part.host6}/64 dev eth0 nodad")
    lines += ["link set eth0 up", f"route add default via {part.gateway}"]
    if with_ipv6:
        lines.append(f"route add default via {part.gateway6}")
    return lines


def has_ipv6() -> bool:
    """Tell whether this kernel has IPv6 at all."""
    return pathlib.Path("/proc/sys/net/ipv6/conf/default").exists()


def create() -> None:
    """Make all namespaces, still without links.

    Raises:
        LabError: `ip` refused.
    """
    _ip("".join(f"netns add {name}\n" for name in NAMESPACES))


def connect() -> None:
    """Join the namespaces by links, with addresses and routes.

    Raises:
        LabError: `ip` refused.
    """
    with_ipv6 = has_ipv6()
    lines = [f"link add {s.interface} netns {HOME} type veth peer name eth0 netns {s.name}" for s in SEGMENTS]
    _ip("\n".join(lines) + "\n")
    inner = ["link set lo up"]
    for part in SEGMENTS:
        inner += _firewall_side(part, with_ipv6=with_ipv6)
        _ip("\n".join(_host_side(part, with_ipv6=with_ipv6)) + "\n", namespace=part.name)
    _ip("\n".join(inner) + "\n", namespace=HOME)


def skip_address_tests() -> None:
    """Make IPv6 addresses usable at once in the calling thread's network namespace, for links made afterwards."""
    if has_ipv6():
        pathlib.Path("/proc/sys/net/ipv6/conf/default/accept_dad").write_text("0", encoding="ascii")


def start_forwarding() -> None:
    """Turn on routing in the calling thread's network namespace."""
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
    if has_ipv6():
        pathlib.Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1", encoding="ascii")
