"""One way to run ssh-keygen: no terminal, no question, a time limit.

Input: arguments and standard input. Output: what it printed, and its exit code.
"""

import dataclasses
import os
import subprocess
from collections.abc import Sequence

from murenger.errors import SignatureError

DEFAULT_TIMEOUT_S = 30.0

_PASSED_ON = ("PATH", "HOME", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER", "SSH_PKCS11_HELPER", "SSH_SK_HELPER")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What ssh-keygen did.

    Attributes:
        code: exit code.
        output: standard output.
        complaint: standard error.
    """

    code: int
    output: str
    complaint: str


def ssh_keygen(
    arguments: Sequence[str | os.PathLike[str]], *, content: bytes = b"", timeout_s: float = DEFAULT_TIMEOUT_S
) -> Finished:
    """Run ssh-keygen once.

    Args:
        arguments: what follows the program's name.
        content: its standard input.
        timeout_s: seconds, > 0.

    Raises:
        SignatureError: it is not installed, or did not end in time.
    """
    try:
        done = subprocess.run(
            ["ssh-keygen", *arguments],
            input=content,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env=_environment(),
            start_new_session=True,
        )
    except FileNotFoundError as exc:
        raise SignatureError("ssh-keygen is not installed", hint="install openssh-client 9.1 or later") from exc
    except subprocess.TimeoutExpired as exc:
        raise SignatureError(
            f"ssh-keygen did not answer within {timeout_s:g} s", hint="does the key wait for a touch or a PIN?"
        ) from exc
    except OSError as exc:
        raise SignatureError(f"ssh-keygen cannot be run: {exc.strerror}") from exc
    return Finished(
        code=done.returncode,
        output=done.stdout.decode("utf-8", "replace"),
        complaint=done.stderr.decode("utf-8", "replace"),
    )


def _environment() -> dict[str, str]:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # A program that always answers "no" is the only safe way to be asked nothing. With SSH_ASKPASS_REQUIRE=never and no
    # terminal, ssh-keygen 9.2 reads the passphrase from standard input: the first line of what is to be signed would be
    # taken for a passphrase, and where it fits, only the rest would be signed (tried).
    return {**environment, "LC_ALL": "C", "SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force"}
