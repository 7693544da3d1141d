"""Ways in which a lab device drifts: what somebody types at the console behind murenger's back.

Input: a scenario's name. Output: a changed device. Each scenario can be played again and again.
"""

import dataclasses
from collections.abc import Callable

from murenger.lab.junos.console import Console
from murenger.lab.junos.datastore import parse
from murenger.lab.junos.device import Device
from murenger.lab.junos.factory import reversible_secret
from murenger.lab.junos.tokens import quote

HOSTILE_TEXT = (
    r"""{{ lookup('pipe', 'id') }} {% raw %}{# x #} <script>alert("1")</script> &lt;b&gt; 'single' "double" """
    r"""\ \n \" \u001b[2J %s ${HOME} $(id) `id` <redacted> {{murenger:secret}} <murenger:hmac-sha256:00ff> """
    r""";} /* x */ # y ## SECRET-DATA ]]>]]> """
    "\u009b31m \u202eevil\u202c \u00e9\u4e2d"
)
_UNTRUST = "security policies from-zone untrust to-zone trust"
_TRUST = "security policies from-zone trust to-zone untrust"
_SERVICES = "security zones security-zone management host-inbound-traffic system-services"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way to drift.

    Attributes:
        description: one sentence for people.
        user: who does it.
        lines: returns the console lines; called anew each time.
    """

    description: str
    user: str
    lines: Callable[[], list[str]]


SCENARIOS: dict[str, Scenario] = {
    "untrust-to-trust": Scenario(
        description="mallory lets anything in from untrust to trust, in front of the deny",
        user="mallory",
        lines=lambda: [
            f"set {_UNTRUST} policy temporary match source-address any destination-address any application any",
            f"set {_UNTRUST} policy temporary then permit",
            f"insert {_UNTRUST} policy temporary before policy deny-all",
            "commit",
        ],
    ),
    "reorder": Scenario(
        description="mallory moves the web permit in front of the quarantine, which then stops nothing on the web",
        user="mallory",
        lines=lambda: [f"insert {_TRUST} policy allow-web before policy block-quarantine", "commit"],
    ),
    "lockout": Scenario(
        description="mallory takes ssh and netconf from the management zone; open sessions live on, new ones fail",
        user="mallory",
        lines=lambda: [f"delete {_SERVICES}", f"set {_SERVICES} ping", "commit"],
    ),
    "foreign-candidate": Scenario(
        description="carol leaves half-done work in the shared candidate",
        user="carol",
        lines=lambda: [
            f"set {_UNTRUST} policy half-done match source-address any destination-address any application any",
            f"set {_UNTRUST} policy half-done then permit",
        ],
    ),
    "foreign-lock": Scenario(
        description="carol edits exclusively and keeps the lock",
        user="carol",
        lines=lambda: ["configure exclusive"],
    ),
    "secret": Scenario(
        description="mallory changes the RADIUS secret",
        user="mallory",
        lines=lambda: [
            f"set system radius-server 192.0.2.18 secret {quote(reversible_secret(), always=True)}",
            "commit",
        ],
    ),
    "hostile-description": Scenario(
        description="mallory writes templates, markup, escapes and look-alike placeholders into a description",
        user="mallory",
        lines=lambda: [f"set interfaces ge-0/0/1 description {quote(HOSTILE_TEXT, always=True)}", "commit"],
    ),
}
REVERT = "revert"
DESCRIPTIONS = {name: scenario.description for name, scenario in SCENARIOS.items()} | {
    REVERT: "the device goes back to its first configuration; console sessions, foreign work and pending timers end"
}


def play(name: str, device: Device, console: Console) -> None:
    """Play one scenario.

    Args:
        name: one of `DESCRIPTIONS`.
        device: the device it happens to.
        console: where it is typed.

    Raises:
        ValueError: there is no such scenario, or the device refused a line.
    """
    if name == REVERT:
        _revert(device, console)
        return
    if name not in SCENARIOS:
        raise ValueError(f"unknown scenario {name!r}; there are {', '.join(DESCRIPTIONS)}")
    scenario = SCENARIOS[name]
    console.run(scenario.user, scenario.lines())


def _revert(device: Device, console: Console) -> None:
    console.leave_all()
    device.store.discard()
    operator = device.owner("operator", "cli")
    original = parse(device.history.original_text())
    if device.store.pending is not None or not original.same_as(device.store.running):
        device.store.edit(operator, original)
        device.store.commit(operator)
        device.arm()
