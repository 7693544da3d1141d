# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change records as results.

Input: a site, and which records. Output: the JSON objects that `murenger log`, `show` and `verify` print.
"""

from __future__ import annotations

from ansible_collections.murenger.drift.plugins.plugin_utils._bridge import Options, RefusedError

try:
    from murenger.record import log_json, record_json, report_json, verify_store
    from murenger.wiring import Site
except ImportError as exc:
    # The bridge, which every call passes first, says what is missing.
    log_json = record_json = report_json = verify_store = Site = None
    IMPORT_ERROR = exc
else:
    IMPORT_ERROR = None

KINDS = (
    "genesis",
    "heartbeat",
    "drift",
    "plan",
    "approval",
    "intent",
    "outcome",
    "hold",
    "golden",
    "failure",
    "recovery",
    "runner",
)


def records(site: Site, options: Options) -> list[dict[str, object]]:
    """Return the records that the options select, oldest first; one that is named by number is returned whole.

    Args:
        site: the site.
        options: device, kind, number; each None to select all.
    """
    number = options["number"]
    found = [
        record
        for record in site.parts.ledger.records()
        if options["device"] in (None, record.device)
        and options["kind"] in (None, record.kind.value)
        and number in (None, record.sequence)
    ]
    if number is not None and not found:
        raise RefusedError(f"there is no such record {number}; without number, all that fit are listed")
    return [log_json(record) if number is None else record_json(record) for record in found]


def report(site: Site) -> dict[str, object]:
    """Return the verdict on every log in the store of a site, judged by its own trust file."""
    return report_json(verify_store(site.settings.store.path, verifier=site.parts.verifier))
