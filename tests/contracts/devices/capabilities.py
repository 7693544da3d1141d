"""The capability page, written from what the suite knows and the drivers' profiles say.

Input: tables and profiles. Output: `docs/reference/capabilities.md`, or an exit code that says it is not up to date.
Run `python -m tests.contracts.devices.capabilities` to write it.
"""

import importlib.metadata
import pathlib
import sys
from collections.abc import Callable, Iterable

from tests.contracts.devices import tables

from murenger.adapters.napalm.profiles import PROFILES, DriverProfile
from murenger.model.capability import NEEDED_TO_HEAL, ProofName

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "reference" / "capabilities.md"
CONTRACTS = {
    "C01": "opens and closes; a bad credential, host key or certificate is refused",
    "C02": "two hundred reads of an unchanged device are the same",
    "C03": "a device differs in nothing from itself, nor from the same policy written by hand",
    "C04": "what was added, removed, changed or moved is found",
    "C05": "the driver's difference shows what will be applied",
    "C06": "a heal makes live golden again",
    "C07": "a second pass changes nothing",
    "C08": "looking and check mode touch nothing",
    "C09": "commit and confirm; when startup is saved",
    "C10": "without confirm the device returns to exactly what it ran",
    "C11": "confirm over a fresh connection",
    "C12": "confirm by another process",
    "C13": "a late confirm is noticed",
    "C14": "confirm and timer race, and never both win",
    "C15": "what closing does to a pending commit",
    "C16": "a lock-out ends where it began",
    "C17": "a killed controller leaves a device that reverts, and the next run settles the change",
    "C18": "a link cut in load, commit or confirm leaves one of both states, and the outcome says which",
    "C19": "a bad line is refused, and nothing is left behind",
    "C20": "a line that the device leaves out or refuses is never called changed",
    "C21": "foreign work is refused and not touched",
    "C22": "of two controllers one wins",
    "C23": "live that changed meanwhile is refused",
    "C24": "a revert time is exact or refused",
    "C25": "what becomes of a commit message",
    "C26": "where `rollback()` goes; our own snapshot restores",
    "C27": "a read cut at any line is unknown; an empty one until a second agrees",
    "C28": "a candidate served as running is refused or never healed",
    "C29": "what changes by itself is no drift",
    "C30": "a planted secret stands in nothing that is left behind",
    "C31": "foreign tables are reported and not touched",
    "C32": "timed grants survive a heal",
    "C33": "established flows end or live on as declared",
    "C34": "a masked text is refused",
    "C35": "a large rule set heals as root, and is refused in plain words elsewhere",
    "C36": "the record names safety net, driver and OS version",
}
INTRODUCTION = """\
# Capabilities of the drivers

murenger heals a device only with a way back that is proved for its driver. This page says what is proved. It is
written by the contract suite (`tests/contracts/devices`), which runs every line of it against the lab's devices:
change it with `python -m tests.contracts.devices.capabilities`, never by hand.

An emulator is as true as its page says ([EOS](lab-eos.md), [Junos](lab-junos.md)); no hardware was tried.
"""
AFTER_STAGING = """\
Where live changes after staging, EOS replaces what somebody did in the milliseconds between our last read and the
commit; the change is lost, and so is the trace of it.
"""
CONFORMANCE = """\
What `murenger doctor --conformance` found on these devices; [the guide](../guides/conformance.md) says how it looks.
Your device has its own file, made on its own version: this table heals nothing. Healing needs what is marked with *.
"""
PROOFS = tuple(
    (name.value, claim + (" *" if name in NEEDED_TO_HEAL else ""))
    for name, claim in {
        ProofName.WHOLE_READ: "two reads over two connections are whole and the same",
        ProofName.REPLACE: "a full replacement adds what is new and removes what is gone",
        ProofName.MERGE: "a merge adds its lines and changes nothing else",
        ProofName.NATIVE_DIFF: "`compare_config` is the difference from running to candidate",
        ProofName.ATOMIC: "a candidate with one bad line leaves nothing applied",
        ProofName.LOCK: "while one connection holds a candidate, no other can make one",
        ProofName.COMMIT_CONFIRM: "with the client killed, the device itself returns to exactly what ran before",
        ProofName.CONFIRM_ELSEWHERE: "a new connection can confirm, and what it confirmed stays",
        ProofName.REVERT_BOUNDS: "a revert time that would not be kept exactly is never sent; the longest is kept",
        ProofName.FOREIGN_CANDIDATE: "somebody else's candidate or unconfirmed commit is left alone",
        ProofName.MESSAGE: "the message of a commit with a revert time is kept on the device",
    }.items()
)
BENCHES = """\
Each runs on `fw1` in a user namespace, on `fw1` behind OpenSSH and sudo (as root), on `leaf1` and on `srx1`, with the
exceptions below. C17, C18 and C20 run behind OpenSSH only with `make breadth`, which also lets C14 race a thousand
times on each device, kills at every step, and heals 50,000 rules.
"""
_IDENTITY = {"host-key": "the driver checks the host key", "certificate": "the driver checks certificate and name"}


def rows() -> Iterable[tuple[str, Callable[[str, DriverProfile], str]]]:
    """Yield the rows of the driver table: a title, and what it says of a driver."""
    yield "driver", lambda _, habits: f"`{habits.driver}` {_version(habits)}"
    yield "tried against", lambda name, _: tables.TRIED_AGAINST[name]
    yield (
        "peer identity",
        lambda _, habits: _IDENTITY.get(habits.identity.value, "our own check before the driver opens"),
    )
    yield "safety net", lambda _, habits: habits.safety_net.value
    yield "revert time, s", _revert_times
    yield "message with a revert time", lambda name, _: tables.MESSAGE_WITH_TIMER[name]
    yield "we send a message", lambda _, habits: "yes" if habits.message_with_timer else "no: it goes into the record"
    yield "late confirm by the driver", lambda name, _: tables.LATE_CONFIRM[name]
    yield "`close()` while pending", lambda name, _: tables.CLOSE_WHILE_PENDING[name]
    yield "`rollback()` goes to", lambda name, _: tables.ROLLBACK_GOES_TO[name]
    yield "we undo with", lambda _, habits: f"`{habits.undo_committed}`"
    yield "startup is saved", lambda name, _: tables.STARTUP_SAVED[name]
    yield "old link when locked out", lambda name, _: tables.OLD_LINK_WHEN_LOCKED_OUT[name]
    yield "live changes after staging", lambda name, _: tables.CHANGED_AFTER_STAGING[name]
    yield "candidate", lambda _, habits: "shared by all administrators" if habits.shared_candidate else "our own"
    yield "canonical form", lambda _, habits: "asked of the device" if habits.canonicalises else "as given"
    yield "established flows", lambda _, habits: habits.flows or "cut by the rule that admitted them"


def _proved(name: str, platforms: Iterable[str]) -> Iterable[str]:
    return ("not proved" if (platform, name) in tables.NOT_PROVED else "proved" for platform in platforms)


def _version(habits: DriverProfile) -> str:
    return "of this release" if habits.distribution == "murenger" else importlib.metadata.version(habits.distribution)


def _revert_times(_: str, habits: DriverProfile) -> str:
    step = f", multiples of {habits.revert_step_s}" if habits.revert_step_s > 1 else ""
    return f"{habits.revert_min_s} to {habits.revert_max_s}{step}"


def table(titles: Iterable[str], lines: Iterable[Iterable[str]]) -> list[str]:
    """Return a Markdown table."""
    heads = list(titles)
    return [_line(heads), _line("---" for _ in heads), *map(_line, lines)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """Return the whole page."""
    names = sorted(PROFILES)
    parts = [
        *INTRODUCTION.splitlines(),
        "",
        "## Drivers",
        "",
        *table(["", *names], ([title, *(say(name, PROFILES[name]) for name in names)] for title, say in rows())),
        "",
        *AFTER_STAGING.splitlines(),
        "",
        "## Conformance",
        "",
        *CONFORMANCE.splitlines(),
        "",
        *table(["proof", "claim", *names], ([f"`{name}`", claim, *_proved(name, names)] for name, claim in PROOFS)),
        "",
        *(f"- {platform}, `{name}`: {why}." for (platform, name), why in sorted(tables.NOT_PROVED.items())),
        "",
        "## Contracts",
        "",
        *BENCHES.splitlines(),
        "",
        *table(["id", "claim"], CONTRACTS.items()),
        "",
        "### Where a contract has no meaning",
        "",
        *table(
            ["device", "id", "why"],
            ([device, contract, why] for (device, contract), why in sorted(tables.NOT_APPLICABLE.items())),
        ),
        "",
        "### Limits of the lab",
        "",
        *table(
            ["where", "what", "why"],
            [
                *([bench, "golden by hand", why] for bench, why in sorted(tables.CANNOT_ASK.items())),
                *([p, f"fixture case `{case}`", why] for (p, case), (_, why) in sorted(tables.UNHOLDABLE.items())),
            ],
        ),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
