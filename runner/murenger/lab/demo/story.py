"""The six steps: what each says, runs and claims.

Input: a lab that can run these devices, a shell, a screen. Output: six steps told and proved, or the
first that was not.
"""

import dataclasses
import pathlib

from murenger.lab.demo.failure import DemoFailedError
from murenger.lab.demo.place import Place
from murenger.lab.demo.screen import Screen
from murenger.lab.demo.shell import Finished, Shell

FIREWALL = "fw1"
PERSON = "alice@example.net"
ORIGIN = "demo.lab.example.net"
REVERT_IN_S = 60
_DETECTED = b'"detected":"'
_MINUTE = len("2026-11-22T05:0")
LAB = ("--dir", "../lab")
# What each device is, and what somebody does to it behind everybody's back.
_DEVICES = {
    "fw1": ("a real Linux firewall (nftables) between real client and server networks", "open-card-db"),
    "leaf1": ("an emulated Arista switch, spoken to over eAPI", "acl-permit-above-deny"),
    "srx1": ("an emulated Juniper SRX, spoken to over NETCONF", "untrust-to-trust"),
}
_DRIFTS = {
    "fw1": "on fw1 a rule lets every client into the card database",
    "leaf1": "on leaf1 a permit moves above the denies that guard it: no line is new, only the order",
    "srx1": "on srx1 a policy lets anything in from untrust to trust",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One byte that was changed in a copy of the records.

    Attributes:
        record: name of the record's file.
        text: what was done to it.
    """

    record: str
    text: str


class Story:
    """Tells the six steps.

    Args:
        place: the working directory.
        devices: those that take part.
        shell: runs the commands, in the working directory.
        screen: where the story is told.
    """

    def __init__(self, *, place: Place, devices: tuple[str, ...], shell: Shell, screen: Screen) -> None:
        self._place = place
        self._devices = devices
        self._shell = shell
        self._screen = screen
        self._session = ""
        self.proved: list[str] = []

    @property
    def _has_firewall(self) -> bool:
        return FIREWALL in self._devices

    def tell(self) -> None:
        """Tell all of it.

        Raises:
            DemoError: a program is missing.
            DemoFailedError: a step did not do what it claims.
        """
        steps = (
            ("the lab comes up", self._lab),
            ("policy is approved and signed; every device agrees with it", self._approve),
            ("somebody changes every device behind our back", self._drift),
            ("murenger sees it", self._see),
            ("murenger heals it, as a controlled change", self._heal),
            ("the records prove it", self._records),
        )
        for number, (title, step) in enumerate(steps, 1):
            self._screen.heading(f"{number} of {len(steps)}: {title}")
            step()
        if self._place.is_kept:
            self._place.save_settings()
        self._run("lab", "down", *LAB)

    def _lab(self) -> None:
        what = "; ".join(f"{name} is {_DEVICES[name][0]}" for name in self._devices)
        self._screen.words(
            f"""Devices on this machine alone: {what}. Logins, keys and certificates are made anew.
            NAPALM drivers talk to them as they would to devices in a rack."""
        )
        self._run("lab", "up", *self._devices, "--dir", "lab")
        self._claim(f"devices up: {_listed(self._devices)}")

    def _approve(self) -> None:
        self._screen.words(
            f"""A person, {PERSON}, has a key of her own. `init` makes a working directory with a key for the program,
            which may sign records and approve nothing. She signs a standing change: which devices may be healed
            without asking, how much of them, until when. --allow-unassessed-impact: this site lets murenger heal
            although it does not yet assess what a difference lets through."""
        )
        self._shell.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", PERSON, "-f", "alice")
        self._run(
            *("init", "site", "--origin", ORIGIN, "--inventory", "../lab/inventory"),
            *("--vault-password-file", "../lab/vault-password", "--heal", ",".join(self._devices)),
            *("--allow-unassessed-impact", "--revert-in", str(REVERT_IN_S)),
        )
        self._shell.enter("site")
        self._run("keys", "trust", PERSON, "../alice.pub", "--role", "approver", "--role", "reviewer")
        self._run("approve", "decisions/standing-change.json", "--key", "../alice", "--yes")
        self._screen.words(
            "What the devices run now becomes golden policy: commits in a git repository, signed by her."
        )
        self._run("golden", "accept", *self._devices, "--key", "../alice")
        self._expect_in_sync("live equals the signed golden policy")
        if self._has_firewall:
            self._screen.words("A client tries a real TCP connection to the card database, through the firewall:")
            self._expect_connection(opens=False, when="before the drift")

    def _drift(self) -> None:
        self._screen.words(
            f"""Another login than ours does it: {"; ".join(_DRIFTS[name] for name in self._devices)}."""
        )
        for name in self._devices:
            self._run("lab", "drift", name, _DEVICES[name][1], *LAB)
        if self._has_firewall:
            self._screen.words("The same connection again. One session is opened through the rogue rule and kept open.")
            self._expect_connection(opens=True, when="during the drift")
            self._session = self._run("lab", "probe", FIREWALL, "--hold", *LAB).stdout.strip()
            self._run("lab", "probe", FIREWALL, "--session", self._session, *LAB)
            self._claim(f"{self._session} is open through the rogue rule and carries data")

    def _see(self) -> None:
        self._screen.words("Exit code 1 says that there is drift. Nothing is changed by looking.")
        seen = self._run("status", expect=1).stdout
        for name in self._devices:
            self._require(f"{name} drifted", "drift: 1 difference" in _line_of(seen, name))
        self._screen.words("What the drift did, golden -> live, in the order in which each device evaluates its rules:")
        shown = self._run("diff", expect=1).stdout
        for name in self._devices:
            self._require(f"the difference of {name} is shown", f"{name}: drift, 1 difference" in shown)
        self._claim(f"each drift was found: {_listed(self._devices)}")

    def _heal(self) -> None:
        self._screen.words(
            f"""One pass over all devices. For each: plan; record the intent; run the remediation playbook
            murenger.drift.heal through ansible-runner; commit with an automatic revert armed on the device
            ({REVERT_IN_S} s); read the device again over a fresh connection; confirm; record the outcome."""
        )
        healed = self._run("run", "--once").stdout
        for name in self._devices:
            self._require(f"{name} was healed", _line_of(healed, f"{name}:").startswith(f"{name}: healed"))
        self._claim(f"healed through the playbook: {_listed(self._devices)}")
        self._expect_in_sync("live equals golden again")
        if self._has_firewall:
            self._screen.words("New connections fail again, and the session from before does not live on:")
            self._expect_connection(opens=False, when="after the heal")
            self._run("lab", "probe", FIREWALL, "--session", self._session, *LAB, expect=1)
            self._claim(f"{self._session}, opened through the rogue rule, was cut")

    def _records(self) -> None:
        self._screen.words(
            "Every pass that changed something, or could have, left signed records, each chained to the last."
        )
        log = self._run("log").stdout
        about = self._devices[0]
        number = _outcome_number(log, about)
        self._screen.words(
            f"Record {number} is the outcome on {about}: what, why, on whose authority, how tested, how undone."
        )
        self._run("show", number)
        self._screen.words("Are the records what they were when they were written?")
        said = self._run("verify", expect=3).stdout
        self._require("the records are intact", "integrity: intact" in said)
        self._claim("every change record is intact: signatures, chain, numbers")
        self._screen.words(
            """Exit code 3, not 0: every record that is here is sound, but nobody outside keeps the head of this log, so
            a log cut at its end would look the same. That is what an anchor is for; the demonstration has none."""
        )
        self._check_by_ssh_keygen(int(number))
        flip = self._tamper(int(number))
        said = self._run("verify", "--store", "../tampered-store", "--trust", "trust", expect=1).stdout
        self._require(f"{flip.record} is named", flip.record in said)
        self._claim(f"the changed record was found and named: {flip.record}")

    def _check_by_ssh_keygen(self, number: int) -> None:
        self._screen.words("A signature needs no murenger to be checked:")
        record = record_file(self._place.folder / "site" / "store", number).relative_to(self._shell.folder)
        signed = ("-f", "trust/allowed_signers", "-I", "murenger", "-n", "change-record@murenger")
        self._shell.run("ssh-keygen", "-Y", "verify", *signed, "-s", f"{record}.sig", stdin=str(record))
        self._claim(f"ssh-keygen alone verifies the signature of record {number}")

    def _tamper(self, number: int) -> Flip:
        self._screen.words("Now somebody edits the past, in a copy of the records:")
        self._shell.run("cp", "-r", "store", "../tampered-store")
        flip = flip_byte(self._place.folder / "tampered-store", number)
        self._screen.words(flip.text)
        return flip

    def _expect_in_sync(self, claim: str) -> None:
        said = self._run("status").stdout
        for name in self._devices:
            self._require(f"{name} is in sync", "in sync" in _line_of(said, name))
        self._claim(f"{claim}: {_listed(self._devices)}")

    def _expect_connection(self, *, opens: bool, when: str) -> None:
        said = self._run("lab", "probe", FIREWALL, *LAB, expect=0 if opens else 1).stdout.strip()
        self._claim(f"{when} a real TCP connection {'opens' if opens else 'does not open'}: {said}")

    def _run(self, *words: str, expect: int = 0) -> Finished:
        return self._shell.run("murenger", *words, expect=expect)

    def _claim(self, text: str) -> None:
        self._screen.proved(text)
        self.proved.append(text)

    @staticmethod
    def _require(claim: str, holds: bool) -> None:  # noqa: FBT001 - reads as a sentence: require this claim, it holds
        if not holds:
            raise DemoFailedError(f"it is not so that {claim}, by what the last command printed")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _line_of(text: str, first: str) -> str:
    """Return the line whose first word is `first`, or ""."""
    return next((line for line in text.splitlines() if line.split()[:1] == [first]), "")


def _outcome_number(log: str, device: str) -> str:
    """Return the number of the last outcome record of a device, as `murenger log` lists it."""
    rows = [line.split() for line in log.splitlines()]
    numbers = [row[0] for row in rows if row[2:4] == ["outcome", device]]
    if not numbers:
        raise DemoFailedError(f"the log lists no outcome for {device}")
    return numbers[-1]


def record_file(store: pathlib.Path, number: int) -> pathlib.Path:
    """Return the file of one record.

    Args:
        store: a record store.
        number: the record's number.

    Raises:
        DemoFailedError: there is no such record.
    """
    found = [path for path in store.rglob("*.json") if path.stem.isdigit() and int(path.stem) == number]
    if len(found) != 1:
        raise DemoFailedError(f"{store} holds {len(found)} files of record {number}")
    return found[0]


def flip_byte(store: pathlib.Path, number: int) -> Flip:
    """Change one byte of one record: a digit of the minute in which the drift was detected.

    Args:
        store: a copy of a record store.
        number: the record's number.

    Returns:
        What was done.

    Raises:
        DemoFailedError: there is no such record, or it does not say when.
    """
    path = record_file(store, number)
    content = bytearray(path.read_bytes())
    found = content.find(_DETECTED)
    if found < 0:
        raise DemoFailedError(f"{path} does not say when the drift was detected")
    offset = found + len(_DETECTED) + _MINUTE
    before = content[offset]
    content[offset] = before ^ 1
    # Nobody may write a record, not even its owner; a forger changes that first.
    path.chmod(0o600)
    path.write_bytes(content)
    where = path.relative_to(store.parent)
    return Flip(
        record=path.name,
        text=f"Byte {offset} of {where}: {chr(before)!r} becomes {chr(before ^ 1)!r}, another minute of detection.",
    )
