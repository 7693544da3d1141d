"""Policy: which entry of murenger.yml speaks for a device.

Input: a device with its groups, and all policies. Output: the one policy that names it, else the default: observe.
"""

from collections.abc import Sequence

from murenger.errors import PolicyError
from murenger.model import Device, Policy

DEFAULT_POLICY = Policy(name="default", devices=())
# Ansible's name for the group of every host; to be written out in full, for nothing defaults to it.
EVERY_DEVICE = "all"


def policy_for(device: Device, policies: Sequence[Policy]) -> Policy:
    """Return the policy that names the device or one of its groups, or the default policy, which only observes.

    Raises:
        PolicyError: two policies name it; the message names both.
    """
    names = {device.name, EVERY_DEVICE, *device.groups}
    matching = [policy for policy in policies if not names.isdisjoint(policy.devices)]
    if len(matching) > 1:
        listed = " and ".join(f"{policy.name!r}" for policy in matching)
        raise PolicyError(
            f"named by the policies {listed}",
            device=device.name,
            hint="a device may be in one policy only: take it, or its group, out of the others",
        )
    return matching[0] if matching else DEFAULT_POLICY
