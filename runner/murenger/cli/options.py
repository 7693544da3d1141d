"""Options that verbs share, and the site and devices that they lead to.

Input: an argument parser, then parsed arguments. Output: a wired site and the devices that were asked for.
"""

import argparse

from murenger.cli.arguments import add_check, add_limit, add_output, add_site
from murenger.errors import ConfigError
from murenger.model import Device
from murenger.record.executor import Trigger
from murenger.wiring import Site, open_site

__all__ = ["add_check", "add_limit", "add_output", "add_site", "device_of", "devices_of", "site_of"]


def site_of(args: argparse.Namespace, trigger: Trigger = Trigger.MANUAL) -> Site:
    """Return the site that the options lead to.

    Raises:
        ConfigError: there is no murenger.yml, or it is wrong.
    """
    return open_site(file=args.config, inventory=args.inventory, trigger=trigger)


def devices_of(args: argparse.Namespace, site: Site) -> tuple[Device, ...]:
    """Return the devices that `-l` names, or those that policies name.

    Raises:
        ConfigError: a name is unknown, or nothing is selected.
    """
    names = tuple(name.strip() for part in args.limit for name in part.split(",") if name.strip())
    devices = site.devices(names)
    if not devices:
        raise ConfigError(
            "no device is selected", hint="name devices under policies in murenger.yml, or with -l; nothing means none"
        )
    return devices


def device_of(args: argparse.Namespace, site: Site) -> Device:
    """Return the one device that the argument DEVICE names.

    Raises:
        ConfigError: it is unknown, or a group.
    """
    found = site.devices((args.device,))
    if len(found) != 1 or found[0].name != args.device:
        raise ConfigError(f"{args.device!r} is not a device of the inventory", hint="one device, not a group")
    return found[0]
