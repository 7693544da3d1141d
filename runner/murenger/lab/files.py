"""Files of a lab directory: private, written whole or not at all.

Input: paths and values. Output: files of mode 0600 that a reader never sees half-written.
"""

import json
import os
import pathlib
import secrets
from collections.abc import Mapping

from murenger.lab.failure import LabError


def write_private(path: pathlib.Path, text: str) -> None:
    """Write a file of mode 0600 atomically.

    Args:
        path: where; the folder exists.
        text: the whole content.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    scratch.replace(path)


def write_json(path: pathlib.Path, value: Mapping[str, object]) -> None:
    """Write a JSON object privately and atomically.

    Args:
        path: where; the folder exists.
        value: what `json` can write.
    """
    write_private(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path: pathlib.Path) -> dict[str, object]:
    """Read a JSON object.

    Args:
        path: an existing file.

    Returns:
        The object.

    Raises:
        FileNotFoundError: there is no such file.
        LabError: it is not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise LabError(f"{path} is not JSON", hint="run `murenger lab down`, then `murenger lab up`") from exc
    if not isinstance(value, dict):
        raise LabError(f"{path} does not hold a JSON object", hint="run `murenger lab down`, then `murenger lab up`")
    return value
