"""Scope at a site: golden as a policy lets it count for a device.

Input: golden, live, the policy. Output: what live should be, with the parts that the policy leaves alone as live has
them; and the text that may be applied for it.
"""

import dataclasses

from murenger.dialects import Scope, dialect, managed_part, within_scope
from murenger.errors import ConfigError
from murenger.model import Policy, Snapshot


def wanted(golden: Snapshot, live: Snapshot, policy: Policy) -> Snapshot:
    """Return golden with every part that the policy ignores, or does not manage, as live has it.

    Raises:
        ConfigError: a path of the policy names one item of a list whose order has meaning.
        ParseError: a text is not a configuration of the platform.
    """
    scope = Scope(ignore=policy.ignore, manage=policy.manage)
    try:
        text = within_scope(golden.text, live.text, dialect(live.platform), scope)
    except ConfigError as error:
        raise ConfigError(f"policy {policy.name!r}: {error.message}", device=live.device, hint=error.hint) from error
    return golden if text == golden.text else dataclasses.replace(golden, text=text)


def candidate(golden: Snapshot, live: Snapshot, policy: Policy) -> str:
    """Return the text to be applied for what is wanted: of a device that others share, only the parts golden names.

    Raises:
        ConfigError: as `wanted`.
        ParseError: as `wanted`.
    """
    desired = wanted(golden, live, policy)
    return golden.text if desired is golden else managed_part(golden.text, dialect(golden.platform), desired.text)
