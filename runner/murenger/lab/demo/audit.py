"""The step in which an auditor checks an evidence pack with the tools on her own desk.

Input: what the steps before left behind. Output: a pack that ssh-keygen, openssl and sha256sum find whole, and
find wanting once its end is cut.
"""

import datetime
import pathlib
import shutil

from murenger.lab.demo.failure import DemoFailedError
from murenger.lab.demo.teller import LAB, Teller

# Nothing of ours is found along it; `murenger` lies in the folder of the Python that runs this.
_DESK = ("env", "-i", "PATH=/usr/bin:/bin")


def tell_audit(teller: Teller, origin: str) -> None:
    """Ask the witness how long the log is, hand out a pack, and check it without murenger."""
    desk = teller.place.folder / "auditor"
    desk.mkdir()
    teller.say(
        """What an auditor trusts she has from the people themselves, not from the log: the keys of those who may sign,
        of the witness, of the time-stamping authority. And she asks the witness how long the log is, not us."""
    )
    _lay_out_trust(teller.place.folder / "site" / "trust", teller.place.lab / "anchors", desk / "trust")
    checkpoint = teller.run("lab", "checkpoint", origin, *LAB).stdout
    (desk / "checkpoint").write_text(checkpoint, encoding="utf-8")
    said = teller.run("verify", "--trust", "../auditor/trust", "--anchor", "../auditor/checkpoint").stdout
    teller.require("the anchor agrees", "integrity: intact" in said)
    teller.claim("the log is complete up to the checkpoint that the witness holds")
    teller.say("Shell tools read no checkpoint; the git repository of others holds the head as number and digest:")
    head = teller.shell.run("git", "-C", "../lab/anchors/evidence.git", "show", "anchors:head").stdout
    (desk / "head").write_text(head, encoding="ascii")
    teller.say("She gets a pack: the records, lists to sample from, pages to read, and a short script.")
    days = ("--from", *_days(teller.place.folder / "site" / "store"))
    teller.run("evidence", *days, "--out", "../pack", "--recipient", "the auditor", "--purpose", "demonstration")
    checked = ("sh", "../pack/verify.sh", "--trust", "../auditor/trust", "--anchor", "../auditor/head")
    said = teller.shell.run(*_DESK, *checked).stdout
    teller.require("no fault was found", "no fault found" in said)
    teller.claim("ssh-keygen, openssl and sha256sum alone find the pack whole")
    teller.say("Somebody with every key of ours cuts the end off the log and hands out that:")
    _cut(teller.place.folder / "pack", teller.place.folder / "cut-pack")
    cut = tuple(word.replace("../pack/", "../cut-pack/") for word in checked)
    said = teller.shell.run(*_DESK, *cut, expect=1).stdout
    teller.require("the cut is named", "truncated" in said)
    teller.claim("records cut from the end are missed: the git repository of others holds the head")


def _lay_out_trust(ours: pathlib.Path, anchors: pathlib.Path, trust: pathlib.Path) -> None:
    trust.mkdir()
    shutil.copy(ours / "allowed_signers", trust / "allowed_signers")
    shutil.copy(ours / "log.vkey", trust / "log.vkey")
    shutil.copy(anchors / "tsa" / "ca.pem", trust / "tsa-roots.pem")
    shutil.copy(anchors / "witness" / "witness.vkey", trust / "witness.vkeys")


def _days(store: pathlib.Path) -> tuple[str, str, str]:
    """Return the first and the last day of the log, as arguments; the demonstration may cross midnight."""
    days = sorted(path.name for path in store.glob("*/days/*"))
    if not days:
        raise DemoFailedError(f"{store} holds no record")
    today = f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}"
    return days[0], "--to", max(days[-1], today)


def _cut(pack: pathlib.Path, cut: pathlib.Path) -> None:
    """Copy a pack without its newest record."""
    shutil.copytree(pack, cut)
    newest = max(cut.glob("days/*/records/*.json"), key=lambda path: path.name)
    for path in (newest, newest.with_name(f"{newest.name}.sig")):
        path.unlink()
