"""`murenger log`: the change records, oldest first.

Input: the ledger. Output: one line a record, or JSON; nothing is checked here, `murenger verify` does that.
"""

import argparse

from murenger.cli import options
from murenger.cli.output import IN_SYNC, emit
from murenger.record.render import log_json, log_lines


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("log", help="list the change records")
    options.add_site(parser)
    parser.add_argument("--device", metavar="NAME", help="only records about this device")
    parser.add_argument("--kind", metavar="KIND", help="only this kind, such as outcome")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a record."""
    site = options.site_of(args)
    records = [
        record
        for record in site.parts.ledger.records()
        if args.device in (None, record.device) and args.kind in (None, record.kind.value)
    ]
    data = {"schema": "murenger.log/1", "records": [log_json(record) for record in records]}
    emit(args, text="\n".join(log_lines(records)), data=data)
    return IN_SYNC
