"""`murenger log`: the change records, oldest first.

Input: the index, and the files of what it lacks. Output: one line a record, or JSON, as they are found; nothing is
checked here, `murenger verify` does that.
"""

import argparse
import datetime
import json
import sys
from collections.abc import Iterable

from murenger.adapters.sqlite import Rebuilt, rebuild
from murenger.cli import arguments, records
from murenger.cli.output import IN_SYNC, TROUBLE, emit, progress
from murenger.model import RecordKind
from murenger.record.entry import LogEntry, RecordQuery, moment
from murenger.record.listing import LOG_SCHEMA, entry_json, log_lines

INDEX_SCHEMA = "murenger.index/1"


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("log", help="list the change records")
    arguments.add_site(parser)
    kinds = [kind.value for kind in RecordKind]
    parser.add_argument("--device", metavar="NAME", help="only records about this device")
    parser.add_argument("--kind", metavar="KIND", choices=kinds, help="only this kind, such as outcome")
    parser.add_argument("--since", metavar="TIME", type=_moment, help="only those written then or later")
    parser.add_argument("--until", metavar="TIME", type=_moment, help="only those written before then")
    parser.add_argument("--last", metavar="N", type=arguments.count, help="only the newest N of them")
    parser.add_argument("--rebuild", action="store_true", help="make the index anew from the files, and list nothing")
    parser.set_defaults(run=run)


def _moment(text: str) -> datetime.datetime:
    try:
        return moment(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def run(args: argparse.Namespace) -> int:
    """Print one line a record."""
    if args.rebuild:
        return _rebuild(args)
    query = RecordQuery(device=args.device, kind=args.kind, since=args.since, until=args.until, last=args.last)
    entries = records.index_of(args).entries(query)
    if args.output == "json":
        _stream_json(entries)
    else:
        for line in log_lines(entries):
            sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()
    return IN_SYNC


def _stream_json(entries: Iterable[LogEntry]) -> None:
    """Print one JSON document as its entries are found: a million records need no memory."""
    sys.stdout.write('{\n  "records": [')
    separator = "\n"
    for entry in entries:
        sys.stdout.write(f"{separator}    {json.dumps(entry_json(entry), sort_keys=True)}")
        separator = ",\n"
    sys.stdout.write(f'\n  ],\n  "schema": "{LOG_SCHEMA}"\n}}\n')


def _rebuild(args: argparse.Namespace) -> int:
    folder, origin = records.log_of(args)
    rebuilt = rebuild(folder, origin=origin, progress=lambda done, total: progress(done, total, "records read"))
    emit(args, text="\n".join(_rebuilt_lines(rebuilt)), data=_rebuilt_json(rebuilt, origin))
    return IN_SYNC if rebuilt.agrees else TROUBLE


def _rebuilt_lines(rebuilt: Rebuilt) -> list[str]:
    pruned = f", and {rebuilt.pruned} that are pruned" if rebuilt.pruned else ""
    return [
        f"index: {rebuilt.entries} records{pruned}, head {_head(rebuilt.head, rebuilt.head_sha256)}",
        f"files: {rebuilt.files} records, head {_head(rebuilt.file_head, rebuilt.file_head_sha256)}",
        "the index agrees with the files" if rebuilt.agrees else "the index does not agree with the files",
    ]


def _head(number: int | None, sha256: str) -> str:
    return "none" if number is None else f"{number} {sha256}"


def _rebuilt_json(rebuilt: Rebuilt, origin: str) -> dict[str, object]:
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
