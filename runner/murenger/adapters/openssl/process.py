"""One way to run openssl: no terminal, no question, a time limit.

Input: arguments and standard input. Output: what it printed, and its exit code.
"""

import dataclasses
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Sequence

from murenger.errors import SignatureError

DEFAULT_TIMEOUT_S = 30.0

_HINT = "install OpenSSL 1.1.1 or later"
_OLDEST = (1, 1, 1)
_VERSION = re.compile(r"OpenSSL (\d+)\.(\d+)\.(\d+)")
# The configuration and the modules are the operator's choice: they are how a validated provider is switched on.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "OPENSSL_CONF", "OPENSSL_MODULES")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What openssl did.

    Attributes:
        code: exit code.
        output: standard output.
        complaint: standard error, bytes that are not UTF-8 replaced.
    """

    code: int
    output: bytes
    complaint: str


def openssl(
    arguments: Sequence[str | os.PathLike[str]], *, content: bytes = b"", timeout_s: float = DEFAULT_TIMEOUT_S
) -> Finished:
    """Run openssl once, having seen once that it is one that we can rely on.

    Args:
        arguments: what follows the program's name.
        content: its standard input; an argument names it as `/dev/stdin`.
        timeout_s: seconds, > 0.

    Raises:
        SignatureError: it is missing or too old, or did not end in time.
    """
    openssl_version()
    return _run(arguments, content, timeout_s)


def openssl_version() -> str:
    """Return the version of the openssl on PATH, such as `3.0.19`.

    Raises:
        SignatureError: there is none, it is older than 1.1.1, or it is not OpenSSL.
    """
    path = shutil.which("openssl")
    if path is None:
        raise SignatureError("openssl is not installed", hint=_HINT)
    return _version_of(path)


@functools.lru_cache(maxsize=8)
def _version_of(path: str) -> str:
    said = _run(["version"], b"", DEFAULT_TIMEOUT_S).output.decode("utf-8", "replace").partition("\n")[0]
    found = _VERSION.match(said)
    if found is None:
        raise SignatureError(f"{path} is not OpenSSL but {said[:60]!r}", hint=_HINT)
    version = tuple(int(part) for part in found.groups())
    if version < _OLDEST:
        raise SignatureError(f"{path} is too old: {found[0]}", hint=_HINT)
    return ".".join(found.groups())


def _run(arguments: Sequence[str | os.PathLike[str]], content: bytes, timeout_s: float) -> Finished:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(
            ["openssl", *arguments],
            input=content,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env=environment | {"LC_ALL": "C"},
            start_new_session=True,
        )
    except FileNotFoundError as exc:
        raise SignatureError("openssl is not installed", hint=_HINT) from exc
    except subprocess.TimeoutExpired as exc:
        raise SignatureError(
            f"openssl did not answer within {timeout_s:g} s", hint="is the machine out of memory?"
        ) from exc
    except OSError as exc:
        raise SignatureError(f"openssl cannot be run: {exc.strerror}") from exc
    return Finished(code=done.returncode, output=done.stdout, complaint=done.stderr.decode("utf-8", "replace"))
