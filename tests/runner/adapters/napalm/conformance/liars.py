"""Drivers that lie, rebuilt from those that do: each is honest in everything but one thing.

Input: the device of `rack`. Output: `LIARS`, by name. What a client's timer does ends with its process.
"""

import contextlib
import threading
from typing import Any

from napalm.base.exceptions import CommitError, ReplaceConfigException
from tests.runner.adapters.napalm.conformance.rack import BAD, Honest


class IgnoresRevertIn(Honest):
    """Takes `revert_in` and commits for good, as napalm-panos, -opnsense and -openwrt do."""

    def commit_config(self, *, message: str = "", **_: object) -> None:
        super().commit_config(message=message)


class ClientSideTimer(Honest):
    """Reverts by a timer in the client, which closing cancels, as napalm-bird2 does."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.closed = threading.Event()

    def fires_at_s(self, revert_in: int) -> float | None:
        due = self.rack.now_s() + revert_in

        def watch() -> None:
            while not self.closed.wait(0.002):
                if self.rack.now_s() >= due:
                    with contextlib.suppress(CommitError):
                        self.rollback()
                    return

        threading.Thread(target=watch, daemon=True).start()
        return None

    def close(self) -> None:
        self.closed.set()
        super().close()


class ComparesNothing(Honest):
    """Shows the staged commands for a difference, as napalm-fortigate does."""

    def compare_config(self) -> str:
        return "\n".join(f"+{line}" for line in (self.candidate or "").splitlines())


class ComparesBackwards(Honest):
    """Shows the difference from candidate to running."""

    def compare_config(self) -> str:
        other = {"+": "-", "-": "+"}
        return "\n".join(other.get(line[:1], line[:1]) + line[1:] for line in super().compare_config().splitlines())


class RollsBackToStartup(Honest):
    """Takes a copy of startup for what ran before, as NAPALM's eos driver does in `rollback()`."""

    def rollback(self) -> None:
        with self.rack.state() as state:
            state |= {"running": state["startup"], "pending": None}


class RevertsToStartup(Honest):
    """Its device's timer brings startup back, and not what ran before."""

    def back_to(self, state: dict[str, Any]) -> str:
        return str(state["startup"])


class CommitsNothing(Honest):
    """Says yes and applies nothing."""

    def commit_config(self, **_: object) -> None:
        self.discard_config()


class HalfApplied(Honest):
    """Applies the good lines of a bad candidate, and then says that it is bad."""

    def _load(self, text: str) -> None:
        if BAD in text:
            good = "".join(line for line in text.splitlines(keepends=True) if BAD not in line)
            with self.rack.state() as state:
                state["running"] = good
        super()._load(text)


class DropsBadLines(Honest):
    """Leaves a bad line out and says nothing."""

    def _load(self, text: str) -> None:
        super()._load("".join(line for line in text.splitlines(keepends=True) if BAD not in line))


class SwallowsBadCandidates(Honest):
    """Takes a bad candidate for none, and says nothing."""

    def _load(self, text: str) -> None:
        super()._load(self.rack.running() if BAD in text else text)

    def commit_config(self, *, message: str = "", revert_in: int | None = None) -> None:
        if self.candidate != self.rack.running():
            super().commit_config(message=message, revert_in=revert_in)


class TalksOfNoChange(Honest):
    """Has words for a difference that is none."""

    def compare_config(self) -> str:
        return super().compare_config() or "[no changes]"


class AnswersForAnother(Honest):
    """Its second read is another device's configuration."""

    def get_config(self, **_: object) -> dict[str, str]:
        self.optional_args["reads"].append(1)
        text = self.rack.running()
        return {"running": text if len(self.optional_args["reads"]) % 2 else text.replace("rack1", "rack2")}


class IsAnother(Honest):
    """Every configuration that it returns is another device's."""

    def get_config(self, **_: object) -> dict[str, str]:
        return {"running": self.rack.running().replace("rack1", "rack2")}


class Truncates(Honest):
    """Leaves out the middle of every second read."""

    def get_config(self, **_: object) -> dict[str, str]:
        self.optional_args["reads"].append(1)
        text = self.rack.running()
        return {
            "running": text if len(self.optional_args["reads"]) % 2 else text.replace("   description uplink\n", "")
        }


class RevertsLate(Honest):
    """Its device reverts, five minutes after it should."""

    def fires_at_s(self, revert_in: int) -> float | None:
        return self.rack.now_s() + revert_in + 300


class ConfirmsNothing(Honest):
    """Takes the confirmation, shows nothing pending, and lets the timer run on."""

    def confirm_commit(self) -> None:
        with self.rack.state() as state:
            state["pending"]["hidden"] = True

    def has_pending_commit(self) -> bool:
        with self.rack.state() as state:
            return state["pending"] is not None and not state["pending"].get("hidden")


class ConfirmsOnlyHere(Honest):
    """Knows only the commits of its own connection."""

    made = False

    def commit_config(self, *, message: str = "", revert_in: int | None = None) -> None:
        super().commit_config(message=message, revert_in=revert_in)
        self.made = True

    def confirm_commit(self) -> None:
        if not self.made:
            raise CommitError("no commit of this connection")
        super().confirm_commit()


class SeesNoNeighbour(Honest):
    """Has no lock, and does not notice what others have pending."""

    def _load(self, text: str) -> None:
        with self.rack.state() as state:
            state["session"] = None
        super()._load(text)

    def has_pending_commit(self) -> bool:
        return False


class SeesOwnPendingOnly(Honest):
    """Tells of a pending commit only to the connection that made it, and replaces another's unasked."""

    made = False

    def commit_config(self, *, message: str = "", revert_in: int | None = None) -> None:
        with self.rack.state() as state:
            state["pending"] = None
        super().commit_config(message=message, revert_in=revert_in)
        self.made = True

    def has_pending_commit(self) -> bool:
        return self.made and super().has_pending_commit()


class ThrowsForeignCandidatesAway(Honest):
    """Makes room for its own candidate."""

    def _load(self, text: str) -> None:
        with self.rack.state() as state:
            state["session"] = None
        super()._load(text)

    def compare_config(self) -> str:
        with self.rack.state() as state:
            is_mine = state["session"] == self.session
        return super().compare_config() if is_mine else ""


class TakesForeignCandidateAlong(Honest):
    """Has one candidate for everybody, and no lock, as PAN-OS has: what we commit is everybody's."""

    def _load(self, text: str) -> None:
        shared = self.rack.folder / "shared"
        theirs = shared.read_text() if shared.exists() else ""
        extra = "".join(line for line in theirs.splitlines(keepends=True) if line not in text.splitlines(keepends=True))
        self.candidate = text.replace("end\n", f"{extra}end\n")
        if BAD in text:
            raise ReplaceConfigException("bad")
        shared.write_text(self.candidate)

    def discard_config(self) -> None:
        self.candidate = None


class MergesForReplace(Honest):
    """Adds what a replacement holds, and removes nothing, as napalm-opnsense does."""

    def load_replace_candidate(self, *, config: str, **_: object) -> None:
        running = self.rack.running()
        new = [line for line in config.splitlines(keepends=True) if line not in running.splitlines(keepends=True)]
        self._load(running.replace("end\n", "".join(new) + "end\n") if new else running)


class ReplacesForMerge(Honest):
    """Replaces everything by what it was to add."""

    def load_merge_candidate(self, *, config: str, **_: object) -> None:
        self._load(f"hostname rack1\n!\n{config}!\nend\n")


class WrapsAtADay(Honest):
    """Takes the longest time for a few seconds, as a clock face would."""

    def fires_at_s(self, revert_in: int) -> float | None:
        return self.rack.now_s() + (revert_in if revert_in < 86000 else 1)


class ZeroIsForGood(Honest):
    """Takes a revert time of 0 for none, as NAPALM's junos driver does."""

    def commit_config(self, *, message: str = "", revert_in: int | None = None) -> None:
        super().commit_config(message=message, revert_in=revert_in or None)


LIARS: dict[str, type[Honest]] = {
    found.__name__: found for found in list(globals().values()) if isinstance(found, type) and issubclass(found, Honest)
}
