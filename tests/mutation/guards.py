"""Takes each guard away, one after the other, and demands that a test fails: `make mutants`.

Input: the tree, of which a copy is changed, never itself. Output: a table of guards and the test that missed each; exit
code 1 if one was missed by none, 2 if the tests do not even pass while every guard is there.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What the tests of a guard read; the rest of the tree is not copied.
COPIED = ("runner", "tests", "plugins", "roles", "playbooks", "meta", "galaxy.yml", "pyproject.toml")
PACKAGE = "runner/murenger"
UNITS = "tests/runner/heal/guards"
WIRED = "tests/runner/wiring/test_guarding.py"
TIMEOUT_S = 600
_FAILED = re.compile(r"^FAILED \S+?::(?P<test>.+?)(?: - .*)?$", re.MULTILINE)

NAMES = (
    "ledger-anchored",
    "clock-sane",
    "golden-trusted",
    "capability-proved",
    "circuit-breaker",
    "blast-radius",
    "read-doubted",
    "management-path",
    "hitless",
    "live-unchanged",
    "foreign-candidate",
    "lease",
)
"""Every guard there is."""


_BLIND = """\
from murenger.errors import GuardRefusedError as _Refused

_whole = {cls}.check


def _blind(self, case):
    try:
        return _whole(self, case)
    except _Refused:
        return passed(self.name, case, expected="", observed="")


{cls}.check = _blind
"""


class UnfitError(Exception):
    """The run says nothing about any guard."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One way to take a guard away.

    Attributes:
        guard: its name.
        way: what is done, a few words.
        file: the file that is changed, below the tree's root.
        old: text that is replaced; must stand there exactly once; "" to add to the end of the file.
        new: what stands there instead.
        tests: what must notice: paths that pytest takes.
    """

    guard: str
    way: str
    file: str
    new: str
    tests: tuple[str, ...]
    old: str = ""

    def applied(self, text: str) -> str:
        """Return the file's text with the guard taken away.

        Raises:
            UnfitError: what is to be replaced does not stand there exactly once.
        """
        if not self.old:
            return text + "\n\n" + self.new
        if text.count(self.old) != 1:
            raise UnfitError(f"{self.file}: what to replace stands there {text.count(self.old)} times: {self.old!r}")
        return text.replace(self.old, self.new)


def _blind(guard: str, module: str, cls: str) -> Mutant:
    """Return the mutant of which the guard lets everything pass."""
    new = _BLIND.format(cls=cls)
    return Mutant(
        guard=guard,
        way="passes everything",
        file=f"{PACKAGE}/heal/guards/{module}.py",
        new=new,
        tests=(f"{UNITS}/{'test_proofs' if module in {'hitless', 'management_path'} else 'test_' + module}.py",),
    )


def _unasked(guard: str, where: str) -> Mutant:
    """Return the mutant in which the guard is not asked."""
    return Mutant(
        guard=guard,
        way="is not asked",
        file=f"{PACKAGE}/heal/guards/__init__.py",
        new=f'{where} = tuple(guard for guard in {where} if guard.name != "{guard}")\n',
        tests=(WIRED,),
    )


MUTANTS: tuple[Mutant, ...] = (
    _blind("ledger-anchored", "ledger_anchored", "LedgerAnchoredGuard"),
    _unasked("ledger-anchored", "AT_HOME"),
    _blind("clock-sane", "clock_sane", "ClockSaneGuard"),
    _unasked("clock-sane", "AT_HOME"),
    _blind("golden-trusted", "golden_trusted", "GoldenTrustedGuard"),
    _unasked("golden-trusted", "AT_HOME"),
    _blind("capability-proved", "capability", "CapabilityGuard"),
    _unasked("capability-proved", "AT_HOME"),
    _blind("circuit-breaker", "circuit_breaker", "CircuitBreakerGuard"),
    _unasked("circuit-breaker", "AT_HOME"),
    _blind("blast-radius", "blast_radius", "BlastRadiusGuard"),
    _unasked("blast-radius", "AT_HOME"),
    Mutant(
        guard="blast-radius",
        way="does not count again before the intent",
        file=f"{PACKAGE}/heal/guards/__init__.py",
        new="COUNTING = ()\n",
        tests=(WIRED,),
    ),
    Mutant(
        guard="blast-radius",
        way="lets others begin a change meanwhile",
        file=f"{PACKAGE}/adapters/files/turns.py",
        old="fcntl.flock(handle, fcntl.LOCK_EX)",
        new="fcntl.flock(handle, fcntl.LOCK_SH)",
        tests=("tests/runner/adapters/files/test_turns.py",),
    ),
    Mutant(
        guard="blast-radius",
        way="knows nobody else in the zone",
        file=f"{PACKAGE}/wiring/guarding.py",
        old="zone_members=self._zone_members(device.zone),",
        new="zone_members=(),",
        tests=(WIRED,),
    ),
    _blind("read-doubted", "read_doubted", "ReadDoubtedGuard"),
    Mutant(
        guard="read-doubted",
        way="takes the first read for the second",
        file=f"{PACKAGE}/wiring/guarding.py",
        old="SecondRead(snapshot=observe(device, self._parts.source, fingerprinter).snapshot)",
        new="SecondRead(snapshot=examination.live)",
        tests=(WIRED,),
    ),
    _unasked("read-doubted", "AFTER_A_READ"),
    _blind("management-path", "management_path", "ManagementPathGuard"),
    _unasked("management-path", "AFTER_A_PROOF"),
    _blind("hitless", "hitless", "HitlessGuard"),
    _unasked("hitless", "AFTER_A_PROOF"),
    Mutant(
        guard="live-unchanged",
        way="passes everything",
        file=f"{PACKAGE}/heal/guards/live_unchanged.py",
        old="if live != compared:",
        new="if False:",
        tests=(f"{UNITS}/test_live_unchanged.py",),
    ),
    Mutant(
        guard="live-unchanged",
        way="is not asked",
        file=f"{PACKAGE}/heal/apply.py",
        old="    LiveUnchangedGuard().check_live(",
        new="    dict(",
        tests=(f"{UNITS}/test_live_unchanged.py",),
    ),
    Mutant(
        guard="foreign-candidate",
        way="commits over a pending commit",
        file=f"{PACKAGE}/adapters/napalm/remediator.py",
        new="NapalmSession._refuse_foreign_work = lambda self: None\n",
        tests=(f"{UNITS}/test_foreign_candidate.py",),
    ),
    Mutant(
        guard="foreign-candidate",
        way="publishes what others have typed",
        file=f"{PACKAGE}/adapters/napalm/remediator.py",
        new="NapalmSession._refuse_foreign_edits = lambda self: None\n",
        tests=(f"{UNITS}/test_foreign_candidate.py",),
    ),
    Mutant(
        guard="lease",
        way="is never lost",
        file=f"{PACKAGE}/adapters/files/leases.py",
        new="FileLease.check = lambda self: None\n",
        tests=("tests/contracts/test_leases.py",),
    ),
    Mutant(
        guard="lease",
        way="is not asked before the commit",
        file=f"{PACKAGE}/heal/apply.py",
        old="    tools.lease_held()\n    tools.sending()\n",
        new="    tools.sending()\n",
        tests=("tests/runner/heal/test_ways_back.py",),
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of one mutant.

    Attributes:
        mutant: what was done.
        killed_by: names of the tests that failed; empty if it lives.
    """

    mutant: Mutant
    killed_by: tuple[str, ...]

    @property
    def line(self) -> str:
        """One line of the table."""
        by = self.killed_by[0] if self.killed_by else "NOBODY"
        return f"{self.mutant.guard:<18} {self.mutant.way:<40} {by}"


def copy_of(tree: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Copy what the tests need of a tree, and return the copy."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        source, target = tree / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored, symlinks=True)
        elif source.exists():
            shutil.copy2(source, target)
    return folder


def failing(tree: pathlib.Path, tests: Sequence[str], *, first_only: bool = True) -> tuple[str, ...]:
    """Run tests on a tree and return the names of those that failed.

    Raises:
        UnfitError: pytest did not come to its end, or no test failed and yet it did not pass.
    """
    options = ("-q", "--no-cov", "-n", "0", "-p", "no:cacheprovider", "-rf", *(("-x",) if first_only else ()))
    # The copy comes before the installed package; its bytecode must not be taken for that of the next mutant.
    environment = os.environ | {"PYTHONPATH": str(tree / "runner"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        (sys.executable, "-m", "pytest", *options, *tests),
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    found = tuple(match["test"] for match in _FAILED.finditer(done.stdout))
    if done.returncode not in (0, 1) or bool(found) != bool(done.returncode):
        raise UnfitError(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return found


def judge(tree: pathlib.Path, mutant: Mutant) -> Judged:
    """Take one guard away from a copied tree, run its tests, and put it back.

    Raises:
        UnfitError: the mutant does not fit the tree, or its tests cannot be run.
    """
    path = tree / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(mutant.applied(whole), encoding="utf-8")
    try:
        return Judged(mutant=mutant, killed_by=failing(tree, mutant.tests))
    finally:
        path.write_text(whole, encoding="utf-8")


def check_whole(tree: pathlib.Path, mutants: Sequence[Mutant]) -> None:
    """Refuse to judge by tests that fail though no guard is missing.

    Raises:
        UnfitError: one does.
    """
    tests = tuple(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    failed = failing(tree, tests, first_only=False)
    if failed:
        raise UnfitError(f"these tests fail while every guard is there: {', '.join(failed)}")


def told(line: str) -> None:
    """Print a line at once: whoever waits for the next one has something to read."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge every mutant, or those of the guards that are named; print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("guards", nargs="*", metavar="GUARD", help=f"one of {', '.join(NAMES)}; all if none is named")
    wanted = parser.parse_args(arguments).guards or NAMES
    unknown = set(wanted) - set(NAMES)
    if unknown:
        parser.error(f"no such guard: {', '.join(sorted(unknown))}")
    mutants = [mutant for mutant in MUTANTS if mutant.guard in wanted]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = copy_of(ROOT, pathlib.Path(folder))
        try:
            check_whole(tree, mutants)
            told(f"{'guard':<18} {'taken away: it ...':<40} killed by")
            alive = 0
            for mutant in mutants:
                judged = judge(tree, mutant)
                told(judged.line)
                alive += not judged.killed_by
        except UnfitError as error:
            sys.stderr.write(f"mutants: {error}\n")
            return 2
    told(f"{len(mutants) - alive} of {len(mutants)} killed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
