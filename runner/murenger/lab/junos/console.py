"""The console: another administrator who types `set`, `delete`, `insert` and `commit`, past NETCONF and its users.

Input: command lines. Output: changes of the shared candidate and commits; what the device would refuse is refused.
"""

from murenger.lab.junos.datastore import DEFAULT_CONFIRM_MINUTES, Owner
from murenger.lab.junos.device import Device
from murenger.lab.junos.errors import syntax_error
from murenger.lab.junos.render import render
from murenger.lab.junos.setlines import EDITS, apply_line, render_set
from murenger.lab.junos.tokens import tokenize


class Console:
    """Console sessions of any number of people; a session lasts until `exit`.

    Args of the commands follow the Junos configuration mode, always from `[edit]`.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._sessions: dict[str, Owner] = {}

    def run(self, user: str, lines: list[str]) -> list[str]:
        """Type lines as one user.

        Args:
            user: login name; need not be configured, the console has its own keys.
            lines: `set|delete|insert|rename|copy|activate|deactivate|annotate ...`, `rollback N`, `show`,
                `show | compare`, `show | display set`,
                `configure exclusive`, `commit [check|confirmed [N]|comment TEXT|and-quit]`, `exit`.

        Returns:
            What the device printed, one text a line typed; empty where it prints nothing.

        Raises:
            JunosError: a line was refused; earlier lines stay in the candidate, as on the device.
        """
        owner = self._sessions.get(user) or self._device.owner(user, "cli")
        self._sessions[user] = owner
        return [self._line(owner, line) for line in lines]

    def leave(self, user: str) -> None:
        """End a user's session: an exclusive lock goes, and the uncommitted work under it."""
        owner = self._sessions.pop(user, None)
        if owner is not None:
            self._device.store.end_session(owner)

    def leave_all(self) -> None:
        """End every session."""
        for user in tuple(self._sessions):
            self.leave(user)

    def _line(self, owner: Owner, line: str) -> str:
        store = self._device.store
        tokens = list(tokenize(line))
        words = [token.text for token in tokens]
        self._device.note(owner, "console", " ".join(words[:1]))
        match words:
            case []:
                return ""
            case [verb, *_] if verb in EDITS:
                store.require_free(owner)
                tree = store.candidate.copy()
                apply_line(tree, tokens)
                store.edit(owner, tree)
            case ["commit", *options]:
                return self._commit(owner, options)
            case ["rollback", number] if number.isascii() and number.isdigit():
                store.roll_back(owner, int(number))
            case ["configure", "exclusive"]:
                store.lock(owner)
            case ["show"]:
                return render(store.candidate)
            case ["show", "|", "compare"]:
                return store.difference(0)
            case ["show", "|", "display", "set"]:
                return render_set(store.candidate)
            case ["exit"]:
                self.leave(owner.user)
            case _:
                raise syntax_error(words[0], (), "unknown command")
        return ""

    def _commit(self, owner: Owner, options: list[str]) -> str:
        log, minutes = "", None
        while options:
            match options:
                case ["check"]:
                    self._device.store.validate(owner)
                    return "configuration check succeeds"
                case ["confirmed", number, *rest] if number.isascii() and number.isdigit() and int(number) > 0:
                    minutes, options = int(number), rest
                case ["confirmed", *rest]:
                    minutes, options = DEFAULT_CONFIRM_MINUTES, rest
                case ["comment", log, *rest]:
                    options = rest
                case ["and-quit"]:
                    options = []
                case _:
                    raise syntax_error(options[0], ())
        self._device.store.commit(owner, log=log, confirm_minutes=minutes)
        self._device.arm()
        return "commit complete"
