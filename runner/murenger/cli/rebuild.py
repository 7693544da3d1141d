"""`murenger log --rebuild`: the index of the change records, made anew from their files.

Input: the log that murenger.yml names. Output: how the new index compares with the files. Apart from `log`, for listing
records must not wait for what makes an index.
"""

import argparse

from murenger.adapters.sqlite.rebuild import Rebuilt, rebuild
from murenger.cli import records
from murenger.cli.output import IN_SYNC, TROUBLE, emit, progress

INDEX_SCHEMA = "murenger.index/1"


def run(args: argparse.Namespace) -> int:
    """Make the index anew, and say how it compares with the files."""
    folder, origin = records.log_of(args)
    rebuilt = rebuild(folder, origin=origin, progress=lambda done, total: progress(done, total, "records read"))
    emit(args, text="\n".join(_lines(rebuilt)), data=_json(rebuilt, origin))
    return IN_SYNC if rebuilt.agrees else TROUBLE


def _lines(rebuilt: Rebuilt) -> list[str]:
    pruned = f", and {rebuilt.pruned} that are pruned" if rebuilt.pruned else ""
    return [
        f"index: {rebuilt.entries} records{pruned}, head {_head(rebuilt.head, rebuilt.head_sha256)}",
        f"files: {rebuilt.files} records, head {_head(rebuilt.file_head, rebuilt.file_head_sha256)}",
        "the index agrees with the files" if rebuilt.agrees else "the index does not agree with the files",
    ]


def _head(number: int | None, sha256: str) -> str:
    return "none" if number is None else f"{number} {sha256}"


def _json(rebuilt: Rebuilt, origin: str) -> dict[str, object]:
    return {
        "schema": INDEX_SCHEMA,
        "origin": origin,
        "agrees": rebuilt.agrees,
        "index": {
            "records": rebuilt.entries,
            "pruned": rebuilt.pruned,
            "head": rebuilt.head,
            "head_sha256": rebuilt.head_sha256 or None,
        },
        "files": {
            "records": rebuilt.files,
            "head": rebuilt.file_head,
            "head_sha256": rebuilt.file_head_sha256 or None,
        },
    }
