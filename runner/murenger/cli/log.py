"""`murenger log`: the change records, oldest first.

Input: the index, and the files of what it lacks. Output: one line a record, or JSON, as they are found; nothing is
checked here, `murenger verify` does that.
"""

import argparse
import datetime
import importlib
import json
import sys
from collections.abc import Iterable

from murenger.cli import arguments, records
from murenger.cli.output import IN_SYNC
from murenger.model import RecordKind
from murenger.record.entry import LogEntry, RecordQuery, moment
from murenger.record.listing import LOG_SCHEMA, entry_json, log_lines


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
        code: int = importlib.import_module("murenger.cli.rebuild").run(args)
        return code
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
