"""Policies: the `policies` list of murenger.yml.

Input: the document's top section. Output: `Policy` values in the file's order, each free of contradictions.
"""

import pathlib
import re

from murenger.config.cron import cron_fault
from murenger.config.document import Section
from murenger.config.probes import read_probes
from murenger.config.scope import read_scope
from murenger.model import Mode, Policy

# A device or a group; anything else would reach Ansible as a pattern.
_SELECTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")


def read_policies(top: Section, *, can_heal: bool) -> tuple[Policy, ...]:
    """Return the policies, none if the key is absent: then every device is only observed.

    Args:
        top: the document.
        can_heal: whether `credentials.heal` is given.

    Raises:
        ConfigError: a policy is wrong, or two have one name or name one device.
    """
    sections = top.sections("policies")
    policies = tuple(_policy(section, can_heal=can_heal) for section in sections)
    _refuse_overlap(sections, policies)
    return policies


def _policy(section: Section, *, can_heal: bool) -> Policy:
    interval_s, cron = _schedule(section.optional_section("schedule"))
    ignore, manage = read_scope(section)
    policy = Policy(
        name=section.text("name"),
        devices=_devices(section),
        mode=Mode(section.choice("mode", [mode.value for mode in Mode], default=Mode.OBSERVE.value)),
        standing_change=_standing_change(section),
        revert_in_s=section.seconds("revert_in", default=120, least=1),
        interval_s=interval_s,
        cron=cron,
        jitter_s=section.seconds("jitter", default=0),
        ignore=ignore,
        manage=manage,
        probes=read_probes(section),
    )
    section.finish()
    _refuse_contradictions(section, policy, can_heal=can_heal)
    return policy


def _standing_change(section: Section) -> str | None:
    text = section.optional_text("standing_change")
    return None if text is None else str(section.file.parent / pathlib.Path(text).expanduser())


def _devices(section: Section) -> tuple[str, ...]:
    devices = section.texts("devices")
    for name in devices:
        if not _SELECTION.fullmatch(name):
            raise section.error(
                section.line("devices"),
                f"{name!r} is not a device or group name",
                "letters, digits, dot, underscore and hyphen; patterns are not taken",
            )
        if devices.count(name) > 1:
            raise section.error(section.line("devices"), f"{name!r} is listed twice")
    return devices


def _schedule(section: Section | None) -> tuple[int | None, str | None]:
    if section is None:
        return 300, None
    cron = section.optional_text("cron")
    given_interval = section.has("interval")
    interval_s = section.seconds("interval", default=0, least=1)
    section.finish()
    if given_interval == (cron is not None):
        raise section.error(section.line(), "give exactly one of interval and cron", "interval: 5m")
    fault = cron_fault(cron) if cron is not None else ""
    if fault:
        raise section.error(section.line("cron"), fault, "minute hour day-of-month month day-of-week, in UTC")
    return (interval_s, None) if given_interval else (None, cron)


def _refuse_contradictions(section: Section, policy: Policy, *, can_heal: bool) -> None:
    if policy.mode is Mode.HEAL and policy.standing_change is None:
        raise section.error(
            section.line("mode"),
            "mode heal needs 'standing_change'",
            "the path of a standing change that a person has signed; murenger init prepares one",
        )
    if policy.mode is not Mode.OBSERVE and not can_heal:
        raise section.error(
            section.line("mode"),
            f"mode {policy.mode.value} needs 'credentials.heal'",
            "name the login that may change devices",
        )


def _refuse_overlap(sections: tuple[Section, ...], policies: tuple[Policy, ...]) -> None:
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    for section, policy in zip(sections, policies, strict=True):
        if policy.name in names:
            raise section.error(section.line("name"), f"another policy is called {policy.name!r} too")
        names[policy.name] = policy.name
        for device in policy.devices:
            if device in owners:
                raise section.error(
                    section.line("devices"),
                    f"{device!r} is in policy {owners[device]!r} and in policy {policy.name!r}",
                    "leave it in one of them",
                )
            owners[device] = policy.name
