"""The eight steps: what each says, runs and claims.

Input: a lab that can run these devices, a shell, a screen. Output: eight steps told and proved, or the
first that was not.
"""

from murenger.lab.demo.audit import tell_audit
from murenger.lab.demo.records import tell_records
from murenger.lab.demo.teller import LAB, Teller

FIREWALL = "fw1"
PERSON = "alice@example.net"
ORIGIN = "demo.lab.example.net"
REVERT_IN_S = 60
# The longest revert time that is waited for is a minute; a busy machine takes as long again for everything else.
CONFORMANCE_TIMEOUT_S = 240.0
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


class Story:
    """Tells the eight steps.

    Args:
        teller: says, runs and claims.
        devices: those that take part.
    """

    def __init__(self, teller: Teller, devices: tuple[str, ...]) -> None:
        self._teller = teller
        self._devices = devices
        self._session = ""

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
            ("what murenger relies on is tried, not believed", self._prove),
            ("somebody changes every device behind our back", self._drift),
            ("murenger sees it", self._see),
            ("murenger heals it, as a controlled change", self._heal),
            ("the records prove it", lambda: tell_records(self._teller, self._devices[0])),
            ("an auditor checks them without us", lambda: tell_audit(self._teller, ORIGIN)),
        )
        for number, (title, step) in enumerate(steps, 1):
            self._teller.screen.heading(f"{number} of {len(steps)}: {title}")
            step()
        if self._teller.place.is_kept:
            self._teller.place.save_settings()
        self._teller.run("lab", "down", *LAB)

    def _lab(self) -> None:
        what = "; ".join(f"{name} is {_DEVICES[name][0]}" for name in self._devices)
        self._teller.say(
            f"""Devices on this machine alone: {what}. Logins, keys and certificates are made anew.
            NAPALM drivers talk to them as they would to devices in a rack."""
        )
        self._teller.run("lab", "up", *self._devices, "--dir", "lab")
        self._teller.claim(f"devices up: {_listed(self._devices)}")

    def _approve(self) -> None:
        self._teller.say(
            f"""A person, {PERSON}, has a key of her own. `init` makes a working directory with a key for the program,
            which may sign records and approve nothing. She signs a standing change: which devices may be healed
            without asking, how much of them, until when. What a drift does to traffic must be proven for that; else
            murenger asks her."""
        )
        self._teller.shell.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", PERSON, "-f", "alice")
        self._teller.run(
            *("init", "site", "--origin", ORIGIN, "--inventory", "../lab/inventory"),
            *("--vault-password-file", "../lab/vault-password", "--heal", ",".join(self._devices)),
            *("--revert-in", str(REVERT_IN_S)),
        )
        self._teller.shell.enter("site")
        self._teller.run("keys", "trust", PERSON, "../alice.pub", "--role", "approver", "--role", "reviewer")
        self._teller.say(
            """Two others are to hold the head of the log of records, and a git repository of a third: whoever owns this
            machine can then rewrite nothing unseen. In the lab the witness, the time-stamping authority (openssl) and
            the repository are here too; in earnest they belong to other people."""
        )
        self._teller.place.add_settings(self._teller.run("lab", "anchors", "trust/log.vkey", *LAB).stdout)
        self._teller.run("approve", "decisions/standing-change.json", "--key", "../alice", "--yes")
        self._teller.say("What the devices run now becomes golden policy: commits in a git repository, signed by her.")
        self._teller.run("golden", "accept", *self._devices, "--key", "../alice")
        self._expect_in_sync("live equals the signed golden policy")
        if self._has_firewall:
            self._teller.say("A client tries a real TCP connection to the card database, through the firewall:")
            self._expect_connection(opens=False, when="before the drift")

    def _prove(self) -> None:
        self._teller.say(
            """A driver that says it can take a change back may be wrong, and one that is wrong locks people out. So
            murenger heals only through drivers that it has tried, on this very version: it commits something harmless,
            kills the process that committed it, and looks whether the device reverts by itself. Where a
            device counts in minutes, this takes one. What is seen is signed."""
        )
        conformance = ("murenger", "doctor", "--yes", "--conformance")
        tried = self._teller.shell.run_at_once(
            *((*conformance, name) for name in self._devices), timeout_s=CONFORMANCE_TIMEOUT_S
        )
        for name, done in zip(self._devices, tried, strict=True):
            self._teller.require(f"{name} reverts by itself", "proved      commit-confirm" in done.stdout)
            self._teller.require(f"{name} is as it was found", "the device is as it was found" in done.stdout)
        self._teller.claim(f"reverts by itself when nobody confirms and the client is dead: {_listed(self._devices)}")
        self._expect_in_sync("and each device is as it was")

    def _drift(self) -> None:
        self._teller.say(f"""Another login than ours does it: {"; ".join(_DRIFTS[name] for name in self._devices)}.""")
        for name in self._devices:
            self._teller.run("lab", "drift", name, _DEVICES[name][1], *LAB)
        if self._has_firewall:
            self._teller.say("The same connection again. One session is opened through the rogue rule and kept open.")
            self._expect_connection(opens=True, when="during the drift")
            self._session = self._teller.run("lab", "probe", FIREWALL, "--hold", *LAB).stdout.strip()
            self._teller.run("lab", "probe", FIREWALL, "--session", self._session, *LAB)
            self._teller.claim(f"{self._session} is open through the rogue rule and carries data")

    def _see(self) -> None:
        self._teller.say("Exit code 1 says that there is drift. Nothing is changed by looking.")
        seen = self._teller.run("status", expect=1).stdout
        for name in self._devices:
            self._teller.require(f"{name} drifted", "drift: 1 difference" in _line_of(seen, name))
        self._teller.say("What the drift did, golden -> live, in the order in which each device evaluates its rules:")
        shown = self._teller.run("diff", expect=1).stdout
        for name in self._devices:
            self._teller.require(f"the difference of {name} is shown", f"{name}: drift, 1 difference" in shown)
        self._teller.claim(f"each drift was found: {_listed(self._devices)}")

    def _heal(self) -> None:
        self._teller.say(
            f"""One pass over all devices. For each: plan; record the intent; run the remediation playbook
            murenger.drift.heal through ansible-runner; commit with an automatic revert armed on the device
            ({REVERT_IN_S} s); read the device again over a fresh connection; confirm; record the outcome."""
        )
        healed = self._teller.run("run", "--once").stdout
        for name in self._devices:
            self._teller.require(f"{name} was healed", _line_of(healed, f"{name}:").startswith(f"{name}: healed"))
        self._teller.claim(f"healed through the playbook: {_listed(self._devices)}")
        self._expect_in_sync("live equals golden again")
        if self._has_firewall:
            self._teller.say("New connections fail again, and the session from before does not live on:")
            self._expect_connection(opens=False, when="after the heal")
            self._teller.run("lab", "probe", FIREWALL, "--session", self._session, *LAB, expect=1)
            self._teller.claim(f"{self._session}, opened through the rogue rule, was cut")

    def _expect_in_sync(self, claim: str) -> None:
        said = self._teller.run("status").stdout
        for name in self._devices:
            self._teller.require(f"{name} is in sync", "in sync" in _line_of(said, name))
        self._teller.claim(f"{claim}: {_listed(self._devices)}")

    def _expect_connection(self, *, opens: bool, when: str) -> None:
        said = self._teller.run("lab", "probe", FIREWALL, *LAB, expect=0 if opens else 1).stdout.strip()
        self._teller.claim(f"{when} a real TCP connection {'opens' if opens else 'does not open'}: {said}")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _line_of(text: str, first: str) -> str:
    """Return the line whose first word is `first`, or ""."""
    return next((line for line in text.splitlines() if line.split()[:1] == [first]), "")
