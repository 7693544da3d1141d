"""`murenger show`: one change record, for people.

Input: a record's number. Output: what happened, why, on whose authority, what was tested, how it would be undone, and
what holds the record in its place.
"""

import argparse
import importlib
import pathlib

from murenger.adapters.sqlite import RecordIndex
from murenger.cli import arguments, records
from murenger.cli.output import IN_SYNC, emit
from murenger.errors import LedgerError
from murenger.record.coverage import Coverage, coverage_of
from murenger.record.entry import LogEntry
from murenger.record.page import pruned_json, pruned_lines, record_json, record_lines


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("show", help="show one change record")
    arguments.add_site(parser)
    parser.add_argument("record", type=int, metavar="NUMBER", help="as murenger log lists it")
    parser.add_argument(
        "--bundle", type=pathlib.Path, metavar="DIR", help="write it, with all that lets others check it, into DIR"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one record, or write its bundle."""
    if args.bundle is not None:
        code: int = importlib.import_module("murenger.cli.bundle").run(args)
        return code
    index = records.index_of(args)
    record = index.record(args.record)
    if record is None:
        return _show_pruned(args, index)
    coverage = _coverage(index, args.record, index.day_of(args.record))
    emit(args, text="\n".join(record_lines(record, coverage)), data=record_json(record, coverage))
    return IN_SYNC


def _show_pruned(args: argparse.Namespace, index: RecordIndex) -> int:
    entry: LogEntry | None = index.pruned(args.record)
    if entry is None:
        raise LedgerError(f"there is no record {args.record}", hint="murenger log lists them")
    coverage = _coverage(index, args.record, entry.day)
    emit(args, text="\n".join(pruned_lines(entry, coverage)), data=pruned_json(entry, coverage))
    return IN_SYNC


def _coverage(index: RecordIndex, sequence: int, day: str) -> Coverage:
    folder = index.path.parent
    try:
        return coverage_of(folder, sequence, day)
    except OSError as exc:
        raise LedgerError(f"the ledger {folder} cannot be read: {exc.strerror}") from exc
