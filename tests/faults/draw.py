"""Scenarios, drawn from a seed alone: one drift, and up to three faults that strike at chosen moments.

Input: a seed and device names. Output: a `Scenario`, the same wherever and whenever it is drawn.
"""

import dataclasses
import random
from collections.abc import Callable, Sequence

from tests.faults.proxy import Breakage, LinkFault, Way

DRIFTS = {
    "leaf1": (
        *("acl-rogue-permit",) * 4,
        *("acl-permit-above-deny",) * 3,
        *("acl-rogue-permit", "acl-permit-above-deny") * 3,
        *("description", "vlan", "secret", "hostile-description"),
        *("", "lockout"),
    ),
    "srx1": (*("untrust-to-trust",) * 6, *("reorder",) * 5, *("secret", "hostile-description"), *("", "lockout")),
    "fw1": (
        *("open-card-db",) * 6,
        *("reorder",) * 4,
        *("hostile-comment", "flush") * 2,
        *("foreign-table", "", "lockout"),
    ),
}
STEPS = (
    *("guards-passed", "intent-written", "intent-anchored", "connected", "staged", "rechecked", "committed"),
    *("text-proved", "packets-proved", "probed", "confirmed", "read-again", "flows-cut", "way-back", "settled"),
    "outcome-written",
)
MOST_BYTES = {"leaf1": 8_000, "srx1": 9_000, "fw1": 12_000}
MOST_CONNECTIONS = {"leaf1": 34, "srx1": 20, "fw1": 12}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: its name.
        moment: when it strikes, or "" for the start.
        nth: at the how manieth time that this moment comes, from 1.
        lasts: moments after which it ends by itself; 0: it lasts until the faults end.
        value: what it needs: seconds, lines, text; or None.
        link: for a fault of the wire.
    """

    kind: str
    moment: str = ""
    nth: int = 1
    lasts: int = 0
    value: object = None
    link: LinkFault | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens.

    Attributes:
        seed: it was drawn from.
        device: name.
        drift: name of the lab's drift, or "" for none.
        approved: whether a person has approved the plan before the first pass, if it takes that.
        anchored: whether somebody else holds the head of the log.
        passes: passes of the runner while faults strike, 1 or 2.
        faults: up to three.
    """

    seed: int
    device: str
    drift: str
    approved: bool
    anchored: bool
    passes: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        """Return it on one line, for people."""
        told = [f"drift {self.drift or 'none'}", *(_told(fault) for fault in self.faults)]
        if self.approved:
            told.append("approved")
        if self.anchored:
            told.append("anchored")
        if self.passes > 1:
            told.append(f"{self.passes} passes")
        return f"{self.device}: {'; '.join(told)}"


def _told(fault: Fault) -> str:
    if fault.link is not None:
        link = fault.link
        return f"{fault.kind} on connection {link.connection} {link.way.value} at byte {link.at_byte}"
    value = "" if fault.value is None else f" ({fault.value})"
    when = f" at {fault.moment} {fault.nth}" if fault.moment else " from the start"
    lasts = f" for {fault.lasts} moments" if fault.lasts else ""
    return f"{fault.kind}{value}{when}{lasts}"


def draw(seed: int, devices: Sequence[str]) -> Scenario:
    """Draw a scenario.

    Args:
        seed: any number.
        devices: which devices it may be about; a replay names the one that was drawn.
    """
    device = devices[0] if len(devices) == 1 else random.Random(seed).choice(tuple(devices))  # noqa: S311 - a draw
    dice = random.Random(f"{device} {seed}")  # noqa: S311 - a draw
    count = dice.choices((0, 1, 2, 3), (4, 40, 34, 22))[0]
    return Scenario(
        seed=seed,
        device=device,
        drift=dice.choice(DRIFTS[device]),
        approved=dice.random() < 0.8,
        anchored=dice.random() < 0.25,
        passes=2 if dice.random() < 0.25 else 1,
        faults=tuple(_fault(dice, device) for _ in range(count)),
    )


def _fault(dice: random.Random, device: str) -> Fault:
    groups: tuple[tuple[float, Callable[[random.Random, str], Fault]], ...] = (
        (24, _wire),
        (26, _lie),
        (18, _killed),
        (12, _administrator),
        (6, _clock),
        (8, _disk),
        (6, _rival),
        (3, _anchors),
    )
    chosen = dice.choices([make for _, make in groups], [weight for weight, _ in groups])[0]
    return chosen(dice, device)


def _wire(dice: random.Random, device: str) -> Fault:
    breakage, way = dice.choice(tuple(Breakage)), dice.choice(tuple(Way))
    most = MOST_BYTES[device]
    # Hand-shakes are at the beginning, and so are most chances to confuse.
    at_byte = dice.randrange(most) if dice.random() < 0.5 else dice.randrange(most // 16)
    connection = dice.randint(1, MOST_CONNECTIONS[device])
    link = LinkFault(breakage=breakage, connection=connection, way=way, at_byte=at_byte)
    return Fault(kind=breakage.value, link=link)


def _at_a_step(dice: random.Random) -> tuple[str, int]:
    return f"step.{dice.choice(STEPS)}", 1


def _at_any_time(dice: random.Random) -> tuple[str, int]:
    if dice.random() < 0.6:
        return _at_a_step(dice)
    if dice.random() < 0.6:
        return dice.choice(("read.begins", "read.ended")), dice.randint(1, 7)
    return dice.choice(("recorded.drift", "recorded.plan", "play.begins", "recorded.intent", "recorded.outcome")), 1


_RPCS = ("commit-configuration", "get-configuration", "load-configuration", "lock-configuration", "close-session")
_LIES: dict[str, tuple[tuple[str, Callable[[random.Random], object]], ...]] = {
    "leaf1": (
        ("truncate", lambda dice: dice.randint(0, 160)),
        ("empty", lambda _: True),
        (
            "drop",
            lambda dice: dice.choice((True, "commit", "show running-config", "configure session", "write memory")),
        ),
        ("cut", lambda dice: dice.choice((True, "commit", "show running-config", "configure session", "write memory"))),
        ("candidate-as-running", lambda _: True),
        ("wrong-hostname", lambda _: "leaf7"),
        ("ignore-commit", lambda _: True),
        ("ignore-confirm", lambda _: True),
        ("revert-late", lambda dice: dice.choice((5, 30, 240))),
        ("revert-early", lambda dice: dice.choice((0, 1, 20))),
        ("other-device", lambda _: True),
        ("prompt", lambda dice: dice.choice((True, "commit", "show running-config", "configure session", "abort"))),
        ("skip-line", lambda dice: dice.randrange(200)),
    ),
    "srx1": (
        ("truncate", lambda dice: dice.randint(0, 200)),
        ("empty", lambda _: True),
        ("drop", lambda dice: dice.choice(_RPCS)),
        ("drop-before", lambda dice: dice.choice(_RPCS)),
        ("candidate-as-running", lambda _: True),
        ("wrong-hostname", lambda _: "srx7"),
        ("ignore-commit", lambda _: True),
        ("ignore-confirm", lambda _: True),
        ("revert-late", lambda dice: dice.choice((5, 30, 240))),
        ("revert-early", lambda dice: dice.choice((0, 1, 20))),
        ("other-device", lambda _: True),
        ("prompt", lambda dice: dice.choice(_RPCS)),
        ("skip-line", lambda dice: dice.randrange(200)),
    ),
    "fw1": (
        ("truncate", lambda dice: dice.randint(0, 60)),
        ("empty", lambda _: True),
        ("ignore-commit", lambda _: True),
        ("ignore-revert", lambda _: True),
        ("other-device", lambda _: True),
        ("prompt", lambda _: True),
        ("skip-line", lambda dice: dice.randrange(40)),
    ),
}


_LOOKS = frozenset(
    {"truncate", "empty", "candidate-as-running", "wrong-hostname", "other-device", "cut", "drop", "drop-before"}
)


def _lie(dice: random.Random, device: str) -> Fault:
    kind, value_of = dice.choice(_LIES[device])
    if kind in _LOOKS:
        moment, nth = ("", 1) if dice.random() < 0.2 else _at_any_time(dice)
        return Fault(kind=kind, moment=moment, nth=nth, lasts=dice.choice((0, 1, 2, 3, 5)), value=value_of(dice))
    # What is about the change must be there when the change is made.
    moment = dice.choice(("", "", "step.intent-written", "step.connected", "step.rechecked", "step.committed"))
    return Fault(kind=kind, moment=moment, lasts=dice.choice((0, 0, 4, 8)), value=value_of(dice))


def _killed(dice: random.Random, _device: str) -> Fault:
    if dice.random() < 0.7:
        moment, nth = _at_a_step(dice)
    elif dice.random() < 0.6:
        moment, nth = "disk", dice.randint(1, 90)
    else:
        moment, nth = _at_any_time(dice)
    return Fault(kind="killed", moment=moment, nth=nth)


def _administrator(dice: random.Random, device: str) -> Fault:
    moment, nth = _at_any_time(dice)
    kinds = ("harmless", "rogue", "foreign", "saves") if device != "fw1" else ("harmless", "rogue", "foreign", "fires")
    return Fault(kind=f"admin-{dice.choice(kinds)}", moment=moment, nth=nth)


def _clock(dice: random.Random, device: str) -> Fault:
    if device != "fw1" and dice.random() < 0.25:
        return Fault(kind="device-clock", value=86_400)
    moment, nth = _at_any_time(dice)
    seconds = dice.choice((-86_400, -3_600, -90, 90, 3_600, 86_400))
    return Fault(kind="clock-back" if seconds < 0 else "clock-forward", moment=moment, nth=nth, value=seconds)


def _disk(dice: random.Random, _device: str) -> Fault:
    moment, nth = ("disk", dice.randint(1, 90)) if dice.random() < 0.3 else _at_any_time(dice)
    kind = dice.choice(("disk-full", "disk-full", "read-only", "index-deleted"))
    value = dice.choice((0, 1, 2, 4)) if kind == "disk-full" else None
    return Fault(kind=kind, moment=moment, nth=nth, lasts=dice.choice((0, 0, 3, 9)), value=value)


def _rival(dice: random.Random, _device: str) -> Fault:
    moment, nth = _at_a_step(dice) if dice.random() < 0.8 else ("read.ended", dice.randint(1, 7))
    return Fault(kind=dice.choice(("second-runner", "lease-lost")), moment=moment, nth=nth)


def _anchors(dice: random.Random, _device: str) -> Fault:
    moment, nth = _at_any_time(dice)
    return Fault(kind="anchors-down", moment=moment, nth=nth, lasts=dice.choice((0, 0, 4)))
