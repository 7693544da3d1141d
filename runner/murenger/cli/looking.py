"""Looking at several devices at once, for the verbs that report on them.

Input: a site and devices. Output: for each device an examination or the error that stood in the way, in their order.
"""

import concurrent.futures
from collections.abc import Sequence
from typing import TypeAlias

from murenger.cli.output import progress
from murenger.errors import MurengerError
from murenger.model import Device
from murenger.reconcile import Examination
from murenger.wiring import Site

Look: TypeAlias = tuple[Device, Examination | MurengerError]

MOST_AT_ONCE = 16


def look_at(site: Site, devices: Sequence[Device]) -> tuple[Look, ...]:
    """Examine devices, several at once; nothing is written anywhere, and one failure hides no other device."""

    def look(device: Device) -> Look:
        try:
            return device, site.examine(device)
        except MurengerError as error:
            error.device = error.device or device.name
            return device, error

    with concurrent.futures.ThreadPoolExecutor(max_workers=min(MOST_AT_ONCE, max(1, len(devices)))) as pool:
        pending = [pool.submit(look, device) for device in devices]
        for done, future in enumerate(concurrent.futures.as_completed(pending), start=1):
            progress(done, len(pending), future.result()[0].name)
        return tuple(future.result() for future in pending)
