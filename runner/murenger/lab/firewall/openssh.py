"""The machine's own OpenSSH and sudo inside the firewall, for the form of the lab that needs root.

Input: logins and keys. Output: real accounts in a private `/etc`, sudo rules, and a running `sshd`; the machine's own
account files are never touched.
"""

import asyncio
import importlib.util
import os
import pathlib
import pwd
import shutil
import subprocess
from types import MappingProxyType

from murenger.lab.description import HEAL_ROLE, OTHER_ROLE, READ_ROLE, Description
from murenger.lab.failure import LabError
from murenger.lab.firewall import namespaces, topology

FIRST_UID = 61200  # above what useradd(8) hands out, below systemd's dynamic users
_CONFIGURATION = pathlib.Path("/run/openssh")
_ETC = pathlib.Path("/etc")

_SSHD = """
Port 22
ListenAddress 0.0.0.0
HostKey /run/openssh/host_key
AuthorizedKeysFile /run/openssh/authorized_keys/%u
PidFile /run/openssh/sshd.pid
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin no
UsePAM no
PrintMotd no
PrintLastLog no
UseDNS no
AllowTcpForwarding no
AllowAgentForwarding no
X11Forwarding no
SetEnv LANG=C.UTF-8
"""

_SUDOERS = """
Defaults env_reset
Defaults use_pty
Defaults !syslog
Defaults lecture=never
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
"""

HELPER = pathlib.Path("/usr/local/sbin/murenger-nft")
_HELPER_SETTINGS = "startup_file=/etc/nftables.d/murenger.nft\n"
_BOOT_FILE = '#!/usr/sbin/nft -f\nflush ruleset\ninclude "/etc/nftables.d/*.nft"\n'

# What each role may do as root. Reading is two listings and nothing else; healing adds the driver's fixed script and
# the connection table; someone who is not murenger has nft itself.
AS_ROOT = MappingProxyType(
    {
        READ_ROLE: ("nft -s list ruleset", "nft -s -j list ruleset"),
        HEAL_ROLE: (
            *("nft -s list ruleset", "nft -s -j list ruleset", str(HELPER)),
            *("conntrack -L", "conntrack -L *", "conntrack -D *"),
        ),
        OTHER_ROLE: ("nft",),
    }
)


def prepare(description: Description, keys_dir: pathlib.Path) -> None:
    """Make accounts, keys and sudo rules in the private `/etc` and `/run`.

    Args:
        description: names, passwords and roles.
        keys_dir: holds `host_key` and `ROLE.pub`.

    Raises:
        LabError: a password could not be set.
    """
    _CONFIGURATION.mkdir(mode=0o755)
    (_CONFIGURATION / "authorized_keys").mkdir(mode=0o755)
    pathlib.Path("/run/sshd").mkdir(mode=0o755)
    pathlib.Path("/run/sudo").mkdir(mode=0o711)
    _add_accounts(description)
    for login in description.logins:
        public = keys_dir / f"{login.role}.pub"
        if public.exists():
            target = _CONFIGURATION / "authorized_keys" / login.name
            target.write_bytes(public.read_bytes())
            target.chmod(0o644)
    host_key = _CONFIGURATION / "host_key"
    host_key.touch(mode=0o600)
    host_key.write_bytes((keys_dir / "host_key").read_bytes())
    (_CONFIGURATION / "sshd_config").write_text(_SSHD, encoding="ascii")
    _install_helper()
    sudoers = _ETC / "sudoers"
    sudoers.write_text(_sudoers(description), encoding="ascii")
    sudoers.chmod(0o440)


def _add_accounts(description: Description) -> None:
    users, groups = [], []
    for uid, login in enumerate(description.logins, start=FIRST_UID):
        home = namespaces.HOMES / login.name
        users.append(f"{login.name}:x:{uid}:{uid}:{login.role} login of the lab:{home}:/bin/sh\n")
        groups.append(f"{login.name}:x:{uid}:\n")
        home.mkdir(mode=0o700)
        os.chown(home, uid, uid)
    for name, lines in (("passwd", users), ("group", groups)):
        with (_ETC / name).open("a", encoding="utf-8") as stream:
            stream.writelines(lines)
    names = ["root", *(user.pw_name for user in pwd.getpwall() if user.pw_name == "sshd")]
    names += [login.name for login in description.logins]
    shadow = _ETC / "shadow"
    shadow.touch(mode=0o600)
    shadow.write_text("".join(f"{name}:*:19700:0:99999:7:::\n" for name in names), encoding="utf-8")
    _set_passwords(description)


def _set_passwords(description: Description) -> None:
    done = subprocess.run(
        ["chpasswd", "--crypt-method", "SHA512"],
        input="".join(f"{login.name}:{login.password}\n" for login in description.logins),
        capture_output=True,
        text=True,
        check=False,
        timeout=topology.IP_TIMEOUT_S,
        env={"PATH": topology.PATH},
    )
    if done.returncode != 0:
        raise LabError(f"chpasswd refused the lab's logins: {done.stderr.strip()}")


def _sudoers(description: Description) -> str:
    lines = [_SUDOERS]
    for login in description.logins:
        commands = ", ".join(_absolute(command) for command in AS_ROOT[login.role])
        lines.append(f"{login.name} ALL=(root) NOPASSWD: {commands}\n")
    return "".join(lines)


def _absolute(command: str) -> str:
    program, *rest = command.split()
    return " ".join((shutil.which(program, path=topology.PATH) or f"/usr/sbin/{program}", *rest))


def _install_helper() -> None:
    """Install the driver's device-side script as an administrator would, without importing the driver (it is slow)."""
    found = importlib.util.find_spec("napalm_nftables")
    folders = (found.submodule_search_locations if found else None) or ()
    for folder in folders:
        source = pathlib.Path(folder) / "device.sh"
        if source.exists():
            HELPER.write_bytes(source.read_bytes())
            HELPER.chmod(0o755)
            (_ETC / "murenger-nft.conf").write_text(_HELPER_SETTINGS, encoding="ascii")
            (_ETC / "nftables.conf").write_text(_BOOT_FILE, encoding="ascii")
            (_ETC / "nftables.d").mkdir(mode=0o755)


async def serve() -> asyncio.subprocess.Process:
    """Start sshd in the calling thread's network namespace and wait until it listens.

    Returns:
        The running server.

    Raises:
        LabError: it ended, or does not listen.
    """
    program = shutil.which("sshd", path=topology.PATH) or "/usr/sbin/sshd"
    server = await asyncio.create_subprocess_exec(
        program, "-D", "-e", "-f", str(_CONFIGURATION / "sshd_config"), stdin=asyncio.subprocess.DEVNULL
    )
    for _ in range(200):
        if server.returncode is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", 22)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return server
    raise LabError("sshd does not listen inside the firewall", hint="see the device's log")
