"""`murenger show`: one change record, for people.

Input: a record's number. Output: what happened, why, on whose authority, what was tested, how it would be undone.
"""

import argparse

from murenger.cli import options
from murenger.cli.output import IN_SYNC, emit
from murenger.errors import LedgerError
from murenger.record.render import record_json, record_lines


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("show", help="show one change record")
    options.add_site(parser)
    parser.add_argument("record", type=int, metavar="NUMBER", help="as murenger log lists it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one record."""
    site = options.site_of(args)
    record = next((found for found in site.parts.ledger.records() if found.sequence == args.record), None)
    if record is None:
        raise LedgerError(f"there is no record {args.record}", hint="murenger log lists them")
    emit(args, text="\n".join(record_lines(record)), data=record_json(record))
    return IN_SYNC
