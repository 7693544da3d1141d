"""Remediation playbooks, launched through ansible-runner in a process of their own.

Input: a playbook, one device and the digest of its plan. Output: how the play ended, with redacted last lines.

ansible-runner copies its whole environment into its artifacts, so it runs in a child process that is given only what it
needs. Its private folder is made anew, mode 0700, and removed after; while it exists, every event passes the redactor
before it is written.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from murenger.errors import RemediationError

# Folders of a run that was killed carry this prefix and are cleared at the next start.
PREFIX = "murenger-play-"
# In each folder, the process that uses it.
PID = "pid"
BEGINNING_S = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookRun:
    """How a play ended.

    Attributes:
        status: ansible-runner's word: successful, failed, timeout, canceled or error.
        return_code: exit status of ansible-playbook.
        messages: error messages of failed tasks, redacted.
        stdout: what ansible-playbook printed, redacted.
    """

    status: str
    return_code: int
    messages: tuple[str, ...]
    stdout: str

    @property
    def last_line(self) -> str:
        """Return the last line that was printed, on one line, or "" if nothing was."""
        return next((line.strip() for line in reversed(self.stdout.splitlines()) if line.strip()), "")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookLauncher:
    """Starts playbooks.

    Attributes:
        inventory: the Ansible inventory.
        vault_password_file: opens vaulted values in it, or None.
        directory: working directory for the play: where murenger.yml lies.
        timeout_s: seconds after which the play is ended, > 0.
        grace_s: seconds that the process around the play may take longer, >= 0.
    """

    inventory: pathlib.Path
    vault_password_file: pathlib.Path | None
    directory: pathlib.Path
    timeout_s: float
    grace_s: float = 60.0

    def run(self, playbook: str, *, device: str, variables: Mapping[str, str]) -> PlaybookRun:
        """Run a playbook against one device.

        Args:
            playbook: fully qualified name or path.
            device: the only host; checked to be a plain name, for it is passed as a limit.
            variables: extra variables; no secret may be among them, for ansible-runner writes them down.

        Raises:
            RemediationError: the play could not be started at all.
        """
        folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=_fast_folder()))
        # Until the child has written its own: another runner that starts now must not take the folder for a stale one.
        (folder / PID).write_text(str(os.getpid()), encoding="ascii")
        request = {
            "private_data_dir": str(folder),
            "playbook": playbook,
            "inventory": str(self.inventory),
            "limit": device,
            # Said even where there are none: the role would otherwise read murenger.yml, and the device, to learn it.
            "extravars": {"murenger_pre_tasks": "", "murenger_post_tasks": "", **variables},
            "directory": str(self.directory),
            "timeout": int(self.timeout_s),
        }
        try:
            return self._run_child(request, device)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run_child(self, request: Mapping[str, object], device: str) -> PlaybookRun:
        try:
            done = subprocess.run(  # the argument list is ours; the request travels on standard input
                [sys.executable, "-m", "murenger.adapters.ansible.launch_child"],
                input=json.dumps(request),
                capture_output=True,
                text=True,
                env=self._environment(),
                cwd=self.directory,
                timeout=self.timeout_s + self.grace_s,
                # Ctrl-C reaches every process of the terminal's group; a change that has begun is to end by itself.
                start_new_session=True,
                check=False,
            )
            reply = json.loads(done.stdout)
        except (OSError, subprocess.TimeoutExpired, ValueError) as exc:
            raise RemediationError(
                f"the remediation playbook could not be run: {type(exc).__name__}",
                device=device,
                hint="run it by hand: ansible-playbook " + str(request["playbook"]) + f" -l {device}",
            ) from exc
        return PlaybookRun(
            status=reply["status"],
            return_code=reply["rc"],
            messages=tuple(reply["messages"]),
            stdout=reply["stdout"],
        )

    def _environment(self) -> dict[str, str]:
        # The interpreter's own folder first: that is where this installation's ansible-playbook is.
        path = os.pathsep.join(
            (str(pathlib.Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        )
        environment = {"PATH": path, "HOME": str(pathlib.Path.home()), "LC_ALL": "C.UTF-8"}
        if self.vault_password_file is not None:
            environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(self.vault_password_file)
        for name in ("ANSIBLE_COLLECTIONS_PATH", "SSH_AUTH_SOCK"):
            if name in os.environ:
                environment[name] = os.environ[name]
        return environment


def clear_stale_folders() -> int:
    """Remove folders of this user's plays whose process is gone, and return how many there were."""
    stale = [folder for folder in _fast_folder().glob(PREFIX + "*") if _is_stale(folder)]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale)


def _is_stale(folder: pathlib.Path) -> bool:
    try:
        return folder.stat().st_uid == os.getuid() and not _in_use(folder)
    except FileNotFoundError:
        # Its play has just ended.
        return False


def _in_use(folder: pathlib.Path) -> bool:
    try:
        pid = int((folder / PID).read_text(encoding="ascii"))
    except (OSError, ValueError):
        # Made this moment by another process, which has not come to writing it yet.
        return time.time() - folder.stat().st_mtime < BEGINNING_S
    return pathlib.Path(f"/proc/{pid}").exists()


def _fast_folder() -> pathlib.Path:
    """Return a folder in memory where there is one, so that what passes through it never reaches a disk."""
    shared_memory = pathlib.Path("/dev/shm")  # noqa: S108 - the play's own folder below it is made by mkdtemp, mode 0700
    return shared_memory if os.access(shared_memory, os.W_OK) else pathlib.Path(tempfile.gettempdir())
