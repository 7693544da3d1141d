"""The step in which the records prove what was done.

Input: what the steps before left behind. Output: one record shown, all verified, the change of one byte found.
"""

import dataclasses
import pathlib

from murenger.lab.demo.failure import DemoFailedError
from murenger.lab.demo.teller import Teller

_DETECTED = b'"detected":"'
_MINUTE = len("2026-11-22T05:0")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One byte that was changed in a copy of the records.

    Attributes:
        record: name of the record's file.
        text: what was done to it.
    """

    record: str
    text: str


def tell_records(teller: Teller, device: str) -> None:
    """Show the outcome on one device, verify all records, and find a byte that was changed."""
    teller.say("Every pass that changed something, or could have, left signed records, each chained to the last.")
    number = _outcome_number(teller.run("log").stdout, device)
    teller.say(f"Record {number} is the outcome on {device}: what, why, on whose authority, how tested, how undone.")
    teller.run("show", number)
    teller.say("Are the records what they were when they were written?")
    said = teller.run("verify", expect=3).stdout
    teller.require("the records are intact", "integrity: intact" in said)
    teller.claim("every change record is intact: signatures, chain, numbers")
    teller.say(
        """Exit code 3, not 0: every record that is here is sound, but nobody outside was asked, so a log cut at its end
        would look the same."""
    )
    _check_by_ssh_keygen(teller, int(number))
    flip = _tamper(teller, int(number))
    said = teller.run("verify", "--store", "../tampered-store", "--trust", "trust", expect=1).stdout
    teller.require(f"{flip.record} is named", flip.record in said)
    teller.claim(f"the changed record was found and named: {flip.record}")


def _check_by_ssh_keygen(teller: Teller, number: int) -> None:
    teller.say("A signature needs no murenger to be checked:")
    record = record_file(teller.place.folder / "site" / "store", number).relative_to(teller.shell.folder)
    signed = ("-f", "trust/allowed_signers", "-I", "murenger", "-n", "change-record@murenger")
    teller.shell.run("ssh-keygen", "-Y", "verify", *signed, "-s", f"{record}.sig", stdin=str(record))
    teller.claim(f"ssh-keygen alone verifies the signature of record {number}")


def _tamper(teller: Teller, number: int) -> Flip:
    teller.say("Now somebody edits the past, in a copy of the records:")
    teller.shell.run("cp", "-r", "store", "../tampered-store")
    flip = flip_byte(teller.place.folder / "tampered-store", number)
    teller.say(flip.text)
    return flip


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
