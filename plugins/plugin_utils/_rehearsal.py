# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearsals: what a writing call would do, found out without a lease, a signature or a record.

Input: a site, a device. Output: what would change, or the error that the real call would end with.
"""

from __future__ import annotations

import dataclasses
import pathlib
import secrets
from collections.abc import Iterable

try:
    from murenger.adapters.files.source import read_text
    from murenger.errors import GoldenMissingError
    from murenger.model import Device, Golden, Plan, Snapshot
    from murenger.observe import canonical, observe
    from murenger.reconcile import Examination
    from murenger.secrets import Fingerprinter
    from murenger.wiring import Site
    from murenger.wiring.healing import refuse_hold
except ImportError as exc:
    # The bridge, which every call passes first, says what is missing.
    read_text = refuse_hold = None
    canonical = observe = Fingerprinter = Device = Golden = Plan = Snapshot = Examination = Site = None
    GoldenMissingError = ()
    IMPORT_ERROR = exc
else:
    IMPORT_ERROR = None


def live(site: Site, device: Device) -> tuple[Snapshot, Iterable[str]]:
    """Return what a device runs now, and the secret values in it.

    Raises:
        MurengerError: it cannot be read whole, or there is no fingerprint key yet.
    """
    accepted = site.desk.revision()[0]
    seen = observe(device, site.parts.source, site.desk.fingerprinter(accepted.revision))
    return seen.snapshot, seen.values.values()


def remediation(site: Site, device: Device, plan_sha256: str | None) -> tuple[Examination, Plan | None]:
    """Return what is known about a device and the plan that would be carried out; no plan if it is in sync.

    Args:
        site: the site.
        device: the device.
        plan_sha256: hex digest of the plan file, or None to rehearse without one.

    Raises:
        MurengerError: the real call would be refused.
    """
    examination = site.examine(device)
    if examination.drift.in_sync:
        return examination, None
    if plan_sha256:
        return examination, site.healing.fitting_plan(examination, plan_sha256)[1]
    refuse_hold(examination, None)
    return examination, site.preview(examination)


def record_number(site: Site, plan_sha256: str) -> int | None:
    """Return the number of the outcome record of a plan, or None."""
    with site.journal.reading() as history:
        record = history.outcome_of(plan_sha256)
    return record.sequence if record is not None else None


def present_golden(site: Site, device: Device) -> tuple[Golden | None, Iterable[str]]:
    """Return the golden policy of a device and the secret values in it, or None and nothing if it has none.

    Raises:
        MurengerError: there is one, and it is not to be trusted or cannot be read.
    """
    try:
        golden, values = site.desk.golden(device)
    except GoldenMissingError:
        return None, ()
    return golden, values.values()


def wanted_golden(site: Site, device: Device, source: pathlib.Path | None) -> tuple[Snapshot, Iterable[str]]:
    """Return the snapshot that would become golden policy, and the secret values in it.

    Args:
        site: the site.
        device: the device.
        source: file that the policy would be read from, or None for what the device runs.

    Raises:
        MurengerError: it cannot be read whole.
    """
    try:
        fingerprinter = site.desk.fingerprinter(site.desk.revision()[0].revision)
    except GoldenMissingError:
        # There is no fingerprint key yet, and a rehearsal makes none to stay; nor is there anything to compare with.
        fingerprinter = Fingerprinter(secrets.token_bytes(32))
    if source is None:
        seen = observe(device, site.parts.source, fingerprinter)
        return seen.snapshot, seen.values.values()
    raw = read_text(source, device, site.parts.clock)
    raw = dataclasses.replace(raw, text=site.parts.source.canonicalise(device, raw.text))
    snapshot, values = canonical(raw, device, fingerprinter)
    return snapshot, values.values()
