"""Capability files for test sites: all is proved of the driver that the site's device is driven by.

Input: a site made with `murenger init` and a device that answers. Output: a signed file in the site's folder, as
`murenger doctor --conformance` would have written it after a run in which everything was proved.
"""

import datetime

from murenger.adapters.files.capabilities import sign_capability, write_capability
from murenger.model import Device
from murenger.model.capability import Capability, DriverProof, ProofName
from murenger.wiring import Site


def prove(site: Site, *devices: Device, unproved: tuple[ProofName, ...] = ()) -> None:
    """Sign a capability file for the driver and the version of each device.

    Args:
        site: the runner's key of this site signs.
        devices: each is read once, for the version that it tells.
        unproved: what the file says is not proved.
    """
    for device in devices:
        raw = site.parts.source.read(device)
        prove_version(site, platform=device.platform, driver=raw.driver, os_version=raw.os_version, unproved=unproved)


def prove_version(
    site: Site, *, platform: str, driver: str, os_version: str, unproved: tuple[ProofName, ...] = ()
) -> Capability:
    """Sign a capability file for a driver on a version of a platform.

    Args:
        site: the runner's key of this site signs.
        platform: a dialect's name.
        driver: name and version, as a read tells them.
        os_version: the device's own version text.
        unproved: what the file says is not proved.
    """
    # By the machine's clock, not the site's: that may run with a device whose time is pushed, or a day off.
    now = datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0)
    driver_name, _, version = driver.partition(" ")
    capability = Capability(
        driver=driver_name,
        driver_version=version,
        platform=platform,
        os_version=os_version,
        device="bench",
        proofs=tuple(
            DriverProof(name=proof, proved=proof not in unproved, reason="said by a test", at=now)
            for proof in ProofName
        ),
        made_at=now,
    )
    folder = site.settings.capabilities
    assert folder is not None
    write_capability(folder, capability, *sign_capability(capability, site.parts.signer))
    return capability
