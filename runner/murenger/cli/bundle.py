"""`murenger show --bundle`: one record with everything that lets somebody else check it.

Input: a record's number and a folder. Output: the files of the bundle in that folder. Apart from `show`, for making
proofs takes more to load than showing a record.
"""

import argparse
import pathlib

from murenger.adapters.tickets import lay_down, ticket_bundle
from murenger.cli import records
from murenger.cli.output import IN_SYNC, emit
from murenger.secrets import escape_for_terminal

BUNDLE_SCHEMA = "murenger.bundle/1"


def run(args: argparse.Namespace) -> int:
    """Write the bundle of one record."""
    folder, origin = records.log_of(args)
    target: pathlib.Path = args.bundle
    bundle = ticket_bundle(folder, origin=origin, sequence=args.record, earlier=target)
    changed = lay_down(target, bundle, write=True)
    data = {
        "schema": BUNDLE_SCHEMA,
        "number": args.record,
        "folder": str(target),
        "files": sorted(bundle),
        "changed": list(changed),
    }
    lines = [f"{'written' if name in changed else 'there already'}: {target / name}" for name in sorted(bundle)]
    emit(args, text="\n".join(map(escape_for_terminal, lines)), data=data)
    return IN_SYNC
