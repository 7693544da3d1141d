"""Trust files: lines added to an allowed_signers file, and ends set to lines that are there.

Input: principals, keys and times. Output: the file whole, old or new, never in between; readable by all, for assessors
read it and it holds no secret.
"""

import datetime
import os
import pathlib
import re

from murenger.adapters.files.private import write_private
from murenger.errors import ConfigError

PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")

_PUBLIC_MODE = 0o644
_TIME = "%Y%m%d%H%M%SZ"
_VALID_BEFORE = re.compile(r'valid-before="[^"]*"')


def trust_line(principal: str, namespace: str, key: str, *, start: datetime.datetime, days: int) -> str:
    """Return one line of an allowed_signers file.

    Args:
        principal: who.
        namespace: what they may sign.
        key: public key, `TYPE BASE64`.
        start: valid from here.
        days: for so long.

    Raises:
        ConfigError: the principal cannot stand in such a file.
    """
    if not PRINCIPAL.fullmatch(principal):
        raise ConfigError(f"{principal!r} cannot be a principal", hint="letters, digits and . _ @ + - only")
    end = start + datetime.timedelta(days=days)
    window = f'valid-after="{start:{_TIME}}",valid-before="{end:{_TIME}}"'
    return f'{principal} namespaces="{namespace}",{window} {" ".join(key.split()[:2])}\n'


def ended(text: str, line: int, end: datetime.datetime) -> str:
    """Return the text of a trust file in which one line ends at a time.

    Args:
        text: the whole file.
        line: 1-based number of a line that names a signer, options first and key last.
        end: the last instant at which its key counts, aware; cut to whole seconds.
    """
    rows = text.splitlines(keepends=True)
    row = rows[line - 1]
    until = f'valid-before="{end.astimezone(datetime.UTC):{_TIME}}"'
    if _VALID_BEFORE.search(row):
        row = _VALID_BEFORE.sub(until, row, count=1)
    else:
        row = re.sub(r'(namespaces="[^"]*")', rf"\1,{until}", row, count=1)
    rows[line - 1] = row
    return "".join(rows)


def read_trust(path: pathlib.Path) -> str:
    """Return a trust file's text, "" where there is none.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"the trust file {path} cannot be read") from exc


def write_trust(path: pathlib.Path, text: str) -> None:
    """Write a trust file, all or nothing.

    Raises:
        ConfigError: the disk would not take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, text.encode("utf-8"))
    os.chmod(path, _PUBLIC_MODE)  # noqa: PTH101 - the mode is the point


def add_line(path: pathlib.Path, line: str) -> None:
    """Add a line to a trust file; one that is there already is not added twice.

    Raises:
        ConfigError: it cannot be read or written.
    """
    present = read_trust(path)
    if present and not present.endswith("\n"):
        present += "\n"
    if line not in present:
        write_trust(path, present + line)
