"""Tell, before anything starts, what this machine lacks for a lab firewall and how to get it.

Input: the machine. Output: one line for each thing that is missing; none when the firewall will run.
"""

import dataclasses
import importlib.util
import os
import pathlib
import shutil
import subprocess
from collections.abc import Sequence

from murenger.lab.firewall.launch import unshare
from murenger.lab.firewall.topology import PATH
from murenger.lab.firewall.values import NETNS

_TRIAL_TIMEOUT_S = 20

# Program and the Debian package that has it.
_TOOLS = (
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("conntrack", "conntrack"),
)
_NETNS_TOOLS = (("sshd", "openssh-server"), ("sudo", "sudo"), ("chpasswd", "passwd"))

_APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
_TRIALS = (
    (("nft", "list", "ruleset"), "the kernel does not let nft work in a namespace", "load the kernel module nf_tables"),
    (
        ("ip", "link", "add", "lab0", "type", "veth", "peer", "name", "lab1"),
        "the kernel cannot make veth links",
        "load the kernel module veth",
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One thing that a lab firewall needs and this machine lacks.

    Attributes:
        what: what is missing.
        remedy: how to get it.
    """

    what: str
    remedy: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.what}: {self.remedy}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine that is asked.

    Attributes:
        path: where programs are looked for.
        settings: the folder of kernel settings.
        is_root: whether this process is root.
    """

    path: str
    settings: pathlib.Path
    is_root: bool


def this_machine() -> Machine:
    """Return the machine this process runs on; system folders count as part of PATH."""
    return Machine(
        path=f"{os.environ.get('PATH', '')}:{PATH}", settings=pathlib.Path("/proc/sys"), is_root=os.geteuid() == 0
    )


def missing(form: str, machine: Machine | None = None) -> tuple[Missing, ...]:
    """List what a form of the lab firewall lacks.

    Args:
        form: `userns` or `netns`.
        machine: the machine to ask; this one when None.

    Returns:
        What is missing, each with its remedy; empty when the form can run.
    """
    machine = machine or this_machine()
    found = [*_missing_tools(form, machine), *_missing_rights(form, machine)]
    if importlib.util.find_spec("asyncssh") is None:
        found.append(Missing(what="the Python package asyncssh is missing", remedy="pip install 'murenger[lab]'"))
    return tuple(found) or _failed_trials(form, machine)


def _missing_tools(form: str, machine: Machine) -> list[Missing]:
    tools = (*_TOOLS, *_NETNS_TOOLS) if form == NETNS else _TOOLS
    return [
        Missing(what=f"{tool} is missing", remedy=f"apt install {package}")
        for tool, package in tools
        if shutil.which(tool, path=machine.path) is None
    ]


def _missing_rights(form: str, machine: Machine) -> list[Missing]:
    if form == NETNS:
        return [] if machine.is_root else [Missing(what="the form netns needs root", remedy="use --form userns")]
    found = []
    if _setting(machine, "user/max_user_namespaces") == "0":
        found.append(
            Missing(what="user namespaces are off", remedy="as root: sysctl -w user.max_user_namespaces=15000")
        )
    if not machine.is_root:
        if _setting(machine, _APPARMOR) == "1":
            remedy = "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
            found.append(Missing(what="AppArmor keeps ordinary users from user namespaces", remedy=remedy))
        if _setting(machine, "kernel/unprivileged_userns_clone") == "0":
            remedy = "as root: sysctl -w kernel.unprivileged_userns_clone=1"
            found.append(Missing(what="user namespaces are off for ordinary users", remedy=remedy))
    return found


def _setting(machine: Machine, name: str) -> str:
    try:
        return (machine.settings / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _failed_trials(form: str, machine: Machine) -> tuple[Missing, ...]:
    apart = unshare(form)
    if complaint := _complaint((*apart, "true"), machine):
        return (Missing(what="namespaces cannot be made here", remedy=f"unshare says: {complaint}"),)
    return tuple(
        Missing(what=f"{what} ({complaint})", remedy=remedy)
        for command, what, remedy in _TRIALS
        if (complaint := _complaint((*apart, *command), machine))
    )


def _complaint(argv: Sequence[str], machine: Machine) -> str:
    program = shutil.which(argv[0], path=machine.path) or argv[0]
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRIAL_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env={"PATH": machine.path},
        )
    except subprocess.TimeoutExpired:
        return "no answer in time"
    if done.returncode == 0:
        return ""
    return " ".join(done.stderr.split()) or f"exit code {done.returncode}"
