# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change records as results.

Input: a site, and which records. Output: the JSON objects that `murenger log`, `show` and `verify` print, and bundles.
"""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Mapping

from ansible_collections.murenger.drift.plugins.plugin_utils._bridge import Options, RefusedError

try:
    from murenger.adapters.keys.trust_folder import site_trust
    from murenger.adapters.sqlite import RecordIndex
    from murenger.adapters.tickets import lay_down, ticket_bundle
    from murenger.record.coverage import coverage_of
    from murenger.record.entry import RecordQuery, moment
    from murenger.record.listing import entry_json
    from murenger.record.page import record_json
    from murenger.record.verify import Scope, verify_store
    from murenger.record.verify.given import parse_given
    from murenger.record.verify.text import report_json
    from murenger.wiring import Site
except ImportError as exc:
    # The bridge, which every call passes first, says what is missing.
    site_trust = RecordIndex = lay_down = ticket_bundle = coverage_of = RecordQuery = moment = entry_json = None
    record_json = Scope = verify_store = parse_given = report_json = Site = None
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
    "waiver",
    "grant",
    "review",
    "key-event",
    "prune",
    "export",
)


def records(site: Site, options: Options) -> list[dict[str, object]]:
    """Return the records that the options select, oldest first; one that is named by number is returned whole.

    Args:
        site: the site.
        options: device, kind, since, until, last, number; each None to select all.
    """
    folder, origin = _log_of(site)
    index = RecordIndex(folder, origin=origin)
    if options["number"] is not None:
        return [_whole(index, folder, options["number"])]
    query = RecordQuery(
        device=options["device"],
        kind=options["kind"],
        since=_moment(options, "since"),
        until=_moment(options, "until"),
        last=_last(options),
    )
    return [entry_json(entry) for entry in index.entries(query)]


def report(site: Site, anchors: list[str]) -> dict[str, object]:
    """Return the verdict on every log in the store of a site, judged by whom the site trusts and given anchors."""
    given = tuple(parse_given(name, _content(name)) for name in anchors)
    store, trust = site.settings.store.path, site_trust(site.settings)
    return report_json(verify_store(store, trust=trust, scope=Scope(anchors=given)))


def bundle(site: Site, options: Options, *, write: bool) -> dict[str, object]:
    """Lay the bundle of one record into a folder, and return what was, or would be, written there."""
    folder, origin = _log_of(site)
    target = pathlib.Path(options["dest"])
    files = ticket_bundle(folder, origin=origin, sequence=options["number"], earlier=target)
    before = _listed({name: (target / name).read_bytes() for name in files if (target / name).is_file()})
    changed = lay_down(target, files, write=write)
    return {
        "changed": bool(changed),
        "number": options["number"],
        "dest": str(target),
        "files": sorted(files),
        "written": list(changed),
        "before": before,
        "after": _listed(files),
    }


def _log_of(site: Site) -> tuple[pathlib.Path, str]:
    store = site.settings.store
    return store.path / store.origin, store.origin


def _whole(index: RecordIndex, folder: pathlib.Path, number: int) -> dict[str, object]:
    record = index.record(number)
    if record is None:
        raise RefusedError(f"there is no such record {number}; without number, all that fit are listed")
    return record_json(record, coverage_of(folder, number, index.day_of(number)))


def _moment(options: Options, name: str) -> object:
    if options[name] is None:
        return None
    try:
        return moment(options[name])
    except ValueError as exc:
        raise RefusedError(f"{name}: {exc}") from None


def _last(options: Options) -> int | None:
    if options["last"] is not None and options["last"] < 1:
        raise RefusedError("last: give 1 or more")
    return options["last"]


def _content(name: str) -> bytes:
    try:
        return pathlib.Path(name).read_bytes()
    except OSError as exc:
        raise RefusedError(f"the anchor {name} cannot be read: {exc.strerror}") from None


def _listed(files: Mapping[str, bytes]) -> str:
    """Return what `sha256sum` would print; contents stay out of results."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
