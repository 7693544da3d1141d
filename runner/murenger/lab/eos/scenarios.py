"""Ready-made drift: what somebody does to the switch behind everybody's back, from a login of their own.

Input: a scenario's name. Output: a device changed through its own console, never through the API under test.
"""

import dataclasses
import secrets
from collections.abc import Callable, Iterable

from murenger.lab.eos import editor, initial
from murenger.lab.eos.cli import CommandError, Shell
from murenger.lab.eos.device import Account, Device
from murenger.lab.eos.settings import Role, User

INTRUDER = "mallory"
_ACL = "ip access-list CDE-IN"
_CONSOLE_PRIVILEGE = 15
_PENDING = "mallory-1"

HOSTILE_DESCRIPTIONS = (
    "{{ 7*7 }} {% for x in [] %} {{ lookup('pipe', 'id') }} {# gone #}",
    "<script>alert(1)</script> & \"double\" 'single' `back` $(id)",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m\x1b[2K",
    "<removed> <redacted> !unsafe !vault end ! device: other (vEOS-lab, EOS-4.33.1F)",
    "\u0441\u0430rd d\u0430t\u0430base db1 \u202egnisrever\u202c",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of drift.

    Attributes:
        name: how it is asked for.
        summary: what it does, in a sentence.
        play: does it.
    """

    name: str
    summary: str
    play: Callable[[Device], None]


def console(device: Device, user: str, lines: Iterable[str]) -> tuple[str, ...]:
    """Type lines at the console, in configuration mode unless the first line says otherwise.

    Args:
        device: the switch.
        user: who is logged in; a name the switch does not know is taken for an administrator at the serial port.
        lines: commands; banners run up to their EOF line.

    Returns:
        The vendor's complaints, one for each refused line; the other lines were taken, as at a real console.
    """
    with device.lock:
        device.tick()
        typed = list(lines)
        device.note("console", user, *typed)
        known = device.account(user)
        account = known or Account(name=user, privilege=_CONSOLE_PRIVILEGE, role="network-admin", secret="")
        shell = Shell(device, account)
        refused: list[str] = []
        if not typed or not typed[0].startswith(("configure", "write", "copy", "show")):
            typed.insert(0, "configure")
        for line, free_text in editor.commands(typed):
            try:
                shell.run(line, free_text)
            except CommandError as exc:
                refused += [f"{line}: % {message}" for message in exc.messages]
        return tuple(refused)


def _type(device: Device, *lines: str) -> None:
    refused = console(device, INTRUDER, lines)
    if refused:
        raise ValueError("; ".join(refused))


def _rules(device: Device) -> list[tuple[int, str]]:
    node = device.running.child(_ACL)
    if node is None:
        raise ValueError(f"the device has no {_ACL}")
    return [(number, entry.line) for number, entry in editor.entries(node)]


def _permit_above_deny(device: Device) -> None:
    rules = _rules(device)
    denied = next((number for number, line in rules if line.startswith("deny ")), None)
    if denied is None:
        raise ValueError(f"{_ACL} has no deny")
    moved = next(((number, line) for number, line in rules if number > denied and line.startswith("permit ")), None)
    if moved is None:
        raise ValueError(f"{_ACL} has no permit below a deny")
    above = max((number for number, _line in rules if number < denied), default=0)
    free = (above + denied) // 2
    _type(device, _ACL, f"no {moved[0]}", f"{free} {moved[1]}")


def _rogue_permit(device: Device) -> None:
    taken = dict(_rules(device))
    free = next(number for number in range(5, 10_000) if number not in taken)
    _type(device, _ACL, f"{free} permit ip host 198.51.100.66 203.0.113.0/25")


def _description(device: Device) -> None:
    _type(device, "interface Ethernet3", "description spare")


def _vlan(device: Device) -> None:
    _type(device, "vlan 666", "name LAB", "interface Ethernet3", "switchport access vlan 110")


def _secret(device: Device) -> None:
    changed = User(name=initial.EMERGENCY_USER, password=secrets.token_urlsafe(24), role=Role.OTHER)
    _type(device, initial.user_line(changed))


def _lockout(device: Device) -> None:
    _type(device, "ip access-list standard MGMT", "5 deny any")


def _foreign_session(device: Device) -> None:
    _type(device, f"configure session {_PENDING}", "interface Ethernet8", "description half done")


def _hostile_description(device: Device) -> None:
    lines: list[str] = []
    for port, text in enumerate(HOSTILE_DESCRIPTIONS, start=4):
        lines += [f"interface Ethernet{port}", f"description {text}"]
    _type(device, *lines)


def _revert(device: Device) -> None:
    with device.lock:
        for session in device.sessions.all():
            if session.name == _PENDING:
                device.sessions.abort(session.name)
        device.replace_running(device.startup_text())
        device.note("console", INTRUDER, "configure replace startup-config")


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="acl-permit-above-deny",
            summary="move the first permit of CDE-IN above the denies that guard the card database",
            play=_permit_above_deny,
        ),
        Scenario(
            name="acl-rogue-permit",
            summary="let one outside host into the card-data network at the top of CDE-IN",
            play=_rogue_permit,
        ),
        Scenario(name="description", summary="rename port Ethernet3", play=_description),
        Scenario(name="vlan", summary="add VLAN 666 and put an office port into the card-data VLAN", play=_vlan),
        Scenario(name="secret", summary="change the password of the break-glass account", play=_secret),
        Scenario(name="lockout", summary="deny every management client", play=_lockout),
        Scenario(
            name="foreign-session", summary="leave another user's configuration session pending", play=_foreign_session
        ),
        Scenario(
            name="hostile-description",
            summary="write template, markup, terminal-escape and look-alike text into port descriptions",
            play=_hostile_description,
        ),
        Scenario(name="revert", summary="run the startup configuration again", play=_revert),
    )
}


def play(device: Device, name: str) -> None:
    """Play a scenario.

    Raises:
        ValueError: there is none of that name, or the device is not in a state for it.
    """
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise ValueError(f"no scenario {name}; there are: {', '.join(SCENARIOS)}")
    with device.lock:
        scenario.play(device)
