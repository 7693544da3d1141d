"""The ways in which the emulated switch can be made to misbehave, each switched on and off by name.

Input: `fault` requests of the control socket. Output: values that the command shell and the server consult.
"""

import collections
import dataclasses
import enum


class Fault(enum.Enum):
    """One switchable misbehaviour; the value is its name in requests."""

    TRUNCATE = "truncate"
    """Running-config text ends after N lines (value: int >= 0)."""
    EMPTY = "empty"
    """Running-config text is empty (value: true)."""
    SLOW = "slow"
    """Each reply waits (value: seconds)."""
    DROP = "drop"
    """The connection is closed in the middle of a reply (value: true, or text that a command must contain)."""
    CUT = "cut"
    """The connection is closed before a request is run (value: true, or text that a command must contain)."""
    CANDIDATE_AS_RUNNING = "candidate-as-running"
    """Running-config shows the newest pending session's text (value: true)."""
    WRONG_HOSTNAME = "wrong-hostname"
    """The device says it has another name (value: that name)."""
    DETAIL_STYLE = "detail_style"
    """`show configuration sessions detail` speaks as this release does (value: "4.31" or "4.33", the default)."""
    RESALT = "resalt"
    """Type 7 secrets are written anew at each read (value: true, or how the line starts)."""
    IGNORE_COMMIT = "ignore-commit"
    """A commit is accepted and nothing changes (value: true)."""
    IGNORE_CONFIRM = "ignore-confirm"
    """A confirmation is accepted, and the timer runs on (value: true)."""
    REVERT_LATE = "revert-late"
    """The commit timer of the next commit fires so many seconds late (value: seconds)."""
    REVERT_EARLY = "revert-early"
    """The commit timer of the next commit fires after so many seconds, whatever was asked (value: seconds)."""
    OTHER_DEVICE = "other-device"
    """Running-config and host name are those of another switch (value: true)."""
    PROMPT = "prompt"
    """A command is not run: the device asks a question instead (value: true, or text that a command must contain)."""
    SKIP_LINE = "skip-line"
    """One line of a replacing session is left out and nothing is said (value: which of those that can be)."""


_TEXT_OR_ON = (str, bool)
_ACCEPTED: dict[Fault, tuple[type, ...]] = {
    Fault.TRUNCATE: (int,),
    Fault.EMPTY: (bool,),
    Fault.SLOW: (int, float),
    Fault.DROP: _TEXT_OR_ON,
    Fault.CUT: _TEXT_OR_ON,
    Fault.CANDIDATE_AS_RUNNING: (bool,),
    Fault.WRONG_HOSTNAME: (str,),
    Fault.DETAIL_STYLE: (str,),
    Fault.RESALT: _TEXT_OR_ON,
    Fault.IGNORE_COMMIT: (bool,),
    Fault.IGNORE_CONFIRM: (bool,),
    Fault.REVERT_LATE: (int, float),
    Fault.REVERT_EARLY: (int, float),
    Fault.OTHER_DEVICE: (bool,),
    Fault.PROMPT: _TEXT_OR_ON,
    Fault.SKIP_LINE: (int,),
}
ANOTHER_NAME = "leaf9"
"""What the device is called while it answers with another's configuration."""
_STYLES = {"4.31", "4.33"}


@dataclasses.dataclass(slots=True)
class _Setting:
    value: object
    replies_left: int | None


class Faults:
    """The faults that are switched on now.

    Attributes:
        struck: how often each has struck, by its name.
    """

    def __init__(self) -> None:
        self.struck: collections.Counter[str] = collections.Counter()
        self._on: dict[Fault, _Setting] = {}

    def set(self, name: str, value: object, *, replies: int | None = None) -> None:
        """Switch a fault.

        Args:
            name: one of `Fault`'s values.
            value: what the fault needs; None or False switches it off.
            replies: how often it strikes before it ends by itself; None means until switched off.

        Raises:
            ValueError: no such fault, or a value it cannot use.
        """
        fault = Fault(name)
        if value is None or value is False:
            self._on.pop(fault, None)
            return
        numeric = isinstance(value, int) and not isinstance(value, bool)
        accepted = _ACCEPTED[fault]
        usable = isinstance(value, accepted) and (bool in accepted or not isinstance(value, bool))
        if not usable or (numeric and float(str(value)) < 0):
            raise ValueError(f"fault {name} cannot use the value {value!r}")
        if fault is Fault.DETAIL_STYLE and value not in _STYLES:
            raise ValueError(f"fault {name} is one of {', '.join(sorted(_STYLES))}")
        self._on[fault] = _Setting(value, replies)

    def strike(self, fault: Fault) -> object:
        """Return a fault's value and count one reply; None where it is off."""
        setting = self._on.get(fault)
        if setting is None:
            return None
        self.struck[fault.value] += 1
        if setting.replies_left is not None:
            setting.replies_left -= 1
            if setting.replies_left <= 0:
                del self._on[fault]
        return setting.value

    def peek(self, fault: Fault) -> object:
        """Return a fault's value without counting; None where it is off."""
        setting = self._on.get(fault)
        return None if setting is None else setting.value

    def strike_on(self, fault: Fault, commands: list[str]) -> bool:
        """Say whether a fault that may name a command strikes a request, and count it if so."""
        value = self.peek(fault)
        if value is None or (isinstance(value, str) and not any(value in command for command in commands)):
            return False
        self.strike(fault)
        return True
