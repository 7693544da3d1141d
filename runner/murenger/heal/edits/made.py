"""What a planner of edits hands over: commands, and every configuration that they lead through.

Input: a planner's work. Output: frozen values, from which a plan is proven.
"""

import dataclasses
import enum
from collections.abc import Iterable, Iterator
from typing import Protocol

SUFFIX = "-murenger"
"""What the name of a shadow list ends in."""


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One command, and the configuration after it."""

    command: str
    text: str


class Method(enum.Enum):
    """How a list is changed."""

    ORDERED = "insert before delete"
    """Golden's entries are inserted top-down, then live's deleted bottom-up."""
    SHADOW = "shadow list"
    """A second list takes its place while it is written anew."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EditPlan:
    """What to type, and what it does.

    Attributes:
        commands: in order, as the device takes them in configuration mode.
        live: the configuration before the first, as the steps write it.
        steps: the commands that change something, each with the configuration after it.
        methods: how each list is changed, by name.
    """

    commands: tuple[str, ...]
    live: str
    steps: tuple[Step, ...]
    methods: tuple[tuple[str, Method], ...]

    @property
    def states(self) -> tuple[str, ...]:
        """Every configuration that the device passes through, live first."""
        return (self.live, *(step.text for step in self.steps))


class Edited(Protocol):
    """A configuration that commands change as its device would."""

    @property
    def text(self) -> str:
        """The configuration now."""
        ...

    @property
    def deciding(self) -> tuple[object, ...]:
        """What decides packets, or may."""
        ...

    def run(self, command: str) -> None:
        """Take one command.

        Raises:
            GuardRefusedError: it is not known, or the device would refuse or ignore it.
        """
        ...


def stepped(device: Edited, commands: Iterable[str]) -> Iterator[Step]:
    """Yield the configuration after each command that changes what decides packets, and at the end.

    Args:
        device: changed as the steps are taken.
        commands: in order.

    Raises:
        GuardRefusedError: a command is not known, or the device would refuse or ignore it.
    """
    told = device.deciding
    last = Step(command="", text="")
    for command in commands:
        device.run(command)
        now = device.deciding
        last = Step(command=" ".join(command.split()), text="" if now == told else device.text)
        if last.text:
            yield last
        told = now
    if last.command and not last.text:
        yield dataclasses.replace(last, text=device.text)
