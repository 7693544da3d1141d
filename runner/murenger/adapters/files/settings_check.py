"""Checking settings against the machine: what `murenger config check` says beyond the file itself.

Input: settings, and the inventory if it can be read. Output: problems with the line of murenger.yml they come from.
"""

import pathlib
from collections.abc import Iterator

from murenger.adapters.keys import lint
from murenger.config import (
    Problem,
    Reference,
    ReferenceKind,
    Settings,
    SyslogSinkSettings,
    TimestampSinkSettings,
    WebhookChannelSettings,
    WitnessSinkSettings,
)
from murenger.decide import policy_for
from murenger.errors import MurengerError
from murenger.model import Mode
from murenger.ports import Inventory

_OTHERS = 0o077
_OTHERS_WRITE = 0o022


def problems(settings: Settings, inventory: Inventory) -> tuple[Problem, ...]:
    """Return what is wrong with the files and devices that the settings name; empty if all is well.

    Args:
        settings: what murenger.yml says.
        inventory: the inventory that the settings name.
    """
    found = (
        *_missing(settings),
        *_too_open(settings),
        *_trust_files(settings),
        *_credentials(settings),
        *_selections(settings, inventory),
    )
    return tuple(sorted(found, key=lambda problem: problem.line))


def _problem(settings: Settings, key: str, text: str, hint: str) -> Problem:
    return Problem(file=settings.file, line=settings.line(key), text=f"{key}: {text}", hint=hint)


def _missing(settings: Settings) -> Iterator[Problem]:
    """Yield each file or folder that should be there."""
    wanted: list[tuple[str, pathlib.Path | None, str]] = [
        ("inventory", settings.inventory, "an Ansible inventory"),
        ("vault_password_file", settings.vault_password_file, "write the vault password into it, mode 0600"),
        ("golden.repository", settings.golden.repository, "murenger init makes one"),
        ("golden.trust", settings.golden.trust, 'one line for each reviewer: NAME namespaces="git" KEY'),
        ("trust", settings.trust, "murenger keys makes one"),
        ("runner.key", settings.runner.key, "murenger keys makes one"),
        ("runner.log_key", settings.runner.log_key, "murenger keys generate --log makes one"),
        ("playbook.pre_tasks", settings.playbook.pre_tasks, "a file of tasks"),
        ("playbook.post_tasks", settings.playbook.post_tasks, "a file of tasks"),
    ]
    wanted += [(key, path, "PEM certificates") for key, path in _certificates(settings)]
    for index, policy in enumerate(settings.policies):
        if policy.standing_change is not None:
            key, document = f"policies[{index}].standing_change", pathlib.Path(policy.standing_change)
            wanted.append((key, document, "murenger init prepares one"))
            wanted.append((key, document.with_name(document.name + ".sig"), "a person must sign the standing change"))
    for key, path, hint in wanted:
        if path is not None and not path.exists():
            yield _problem(settings, key, f"there is no {path}", hint)


def _certificates(settings: Settings) -> Iterator[tuple[str, pathlib.Path]]:
    """Yield each file of certificates that a sink or channel is judged by, with its key."""
    for index, sink in enumerate(settings.anchors.sinks):
        if isinstance(sink, TimestampSinkSettings):
            yield f"anchors.sinks[{index}].roots", sink.roots
        elif isinstance(sink, SyslogSinkSettings | WitnessSinkSettings) and sink.ca is not None:
            yield f"anchors.sinks[{index}].ca", sink.ca
    for index, channel in enumerate(settings.notify):
        if channel.ca is not None:
            yield f"notify[{index}].ca", channel.ca


def _too_open(settings: Settings) -> Iterator[Problem]:
    """Yield each file that others may read although it is secret, or write although we believe it."""
    secret = (
        ("runner.key", settings.runner.key),
        ("runner.log_key", settings.runner.log_key),
        ("vault_password_file", settings.vault_password_file),
        ("runner.state", settings.runner.state),
    )
    believed = (
        ("version", settings.file),
        ("golden.trust", settings.golden.trust),
        ("trust", settings.trust),
        ("store.path", settings.store.path),
        ("golden.repository", settings.golden.repository),
        *_certificates(settings),
    )
    for key, private in secret:
        if private is not None and _mode(private) & _OTHERS:
            mode = f"{_mode(private):04o}"
            yield _problem(settings, key, f"{private} is open to others (mode {mode})", f"chmod go= {private}")
    for key, path in believed:
        if _mode(path) & _OTHERS_WRITE:
            yield _problem(settings, key, f"{path} may be written by others", f"chmod go-w {path}")


def _mode(path: pathlib.Path) -> int:
    """Return the permission bits, none where there is no file: that is reported as missing."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0


def _trust_files(settings: Settings) -> Iterator[Problem]:
    for key, path in (("golden.trust", settings.golden.trust), ("trust", settings.trust)):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            if path.exists():
                yield _problem(settings, key, f"{path} cannot be read", "it must be UTF-8 text")
            continue
        for complaint in lint(text):
            yield _problem(settings, key, f"{path}: {complaint}", "see ssh-keygen(1), ALLOWED SIGNERS")


def _credentials(settings: Settings) -> Iterator[Problem]:
    if settings.heal is not None and settings.heal == settings.read:
        yield _problem(
            settings,
            "credentials.heal",
            "the same login as credentials.read",
            "use a login that may only read for credentials.read",
        )
    for purpose, credential in (("read", settings.read), ("heal", settings.heal)):
        if credential is None:
            continue
        references = (
            ("username", credential.username),
            ("password", credential.password),
            ("ssh_key", credential.ssh_key),
        )
        for name, reference in references:
            if reference is not None:
                yield from _referenced(settings, f"credentials.{purpose}.{name}", reference)
    for index, channel in enumerate(settings.notify):
        if isinstance(channel, WebhookChannelSettings):
            yield from _referenced(settings, f"notify[{index}].secret", channel.secret)


def _referenced(settings: Settings, key: str, reference: Reference) -> Iterator[Problem]:
    """Yield what is wrong with the file that a reference names, if it names one."""
    if reference.kind is not ReferenceKind.FILE:
        return
    path = pathlib.Path(reference.name)
    if not path.exists():
        yield _problem(settings, key, f"there is no {path}", "write the value into it, mode 0600")
    elif _mode(path) & _OTHERS:
        yield _problem(settings, key, f"{path} is open to others", f"chmod go= {path}")


def _selections(settings: Settings, inventory: Inventory) -> Iterator[Problem]:
    """Yield each selection that the inventory cannot answer, and each device that two policies name."""
    for index, policy in enumerate(settings.policies):
        key = f"policies[{index}].devices"
        if not policy.devices and policy.mode is not Mode.OBSERVE:
            yield _problem(settings, key, "names no device, so the policy does nothing", "name devices or groups")
        for name in policy.devices:
            try:
                devices = inventory.devices([name])
                for device in devices:
                    policy_for(device, settings.policies)
            except MurengerError as exc:
                yield _problem(settings, key, ": ".join(filter(None, (exc.device, exc.message))), exc.hint)
