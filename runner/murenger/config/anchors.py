"""Anchors: the `anchors` section of murenger.yml, who is to hold the head of the log.

Input: the document's top section. Output: `AnchorSettings`; a sink that could never work is an error.
"""

import base64
import binascii
import hashlib
import re
import urllib.parse

from murenger.config.document import Section
from murenger.config.settings import (
    AnchorPolicy,
    AnchorSettings,
    GitSinkSettings,
    SinkSettings,
    SyslogSinkSettings,
    TimestampSinkSettings,
    WitnessSinkSettings,
)
from murenger.config.values import is_loopback, matching, optional_path, path_of, syslog_of, url_of

TYPES = ("witness", "rfc3161", "git", "syslog")
# Below the five minutes by which `verify` lets a record be older than the receipt before it.
LONGEST_TIMEOUT_S = 240

# The ledger's own rule (record.store.RECEIPT_FILE, in a higher layer): a sink's name is part of a receipt's file name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]{0,63}")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_-]*(\.[A-Za-z0-9/_-]+)*")
# `user@host:path`, as ssh(1) and git(1) write it.
_SCP = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s]+")
# Source: C2SP signed-note, "Verifier keys"; tlog-cosignature, algorithm 0x04 (timestamped Ed25519).
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")
_COSIGNATURE_ED25519 = 0x04
_ED25519_KEY_BYTES = 32
_EXAMPLE = "https://witness.example.net"


def read_anchors(section: Section | None, *, has_log_key: bool, crypto_profile: str) -> AnchorSettings:
    """Return who is to hold the head of the log; nobody where the section is absent.

    Args:
        section: the `anchors` section.
        has_log_key: whether `runner.log_key` is given.
        crypto_profile: default or fips.

    Raises:
        ConfigError: a sink is wrong, two have one name, or the policy could never be met.
    """
    default = AnchorSettings()
    if section is None:
        return default
    policies = [policy.value for policy in AnchorPolicy]
    policy = AnchorPolicy(section.choice("policy", policies, default=default.policy.value))
    timeout_s = section.seconds("timeout", default=default.timeout_s, least=1)
    if timeout_s > LONGEST_TIMEOUT_S:
        raise section.error(section.line("timeout"), f"'timeout' must be at most {LONGEST_TIMEOUT_S} seconds")
    sections = section.sections("sinks")
    sinks = tuple(_sink(item) for item in sections)
    _refuse_twins(sections, sinks)
    for item, sink in zip(sections, sinks, strict=True):
        if isinstance(sink, WitnessSinkSettings):
            _refuse_unsigned(item, has_log_key=has_log_key, crypto_profile=crypto_profile)
    if sinks and policy is AnchorPolicy.BEFORE_CHANGE and all(isinstance(sink, SyslogSinkSettings) for sink in sinks):
        raise section.error(
            section.line("sinks"),
            "no sink confirms that it holds the head, so policy before_change would forbid every change",
            "syslog alone is never enough: add a witness, rfc3161 or git sink, or set policy: queue",
        )
    section.finish()
    return AnchorSettings(policy=policy, timeout_s=timeout_s, sinks=sinks)


def _sink(section: Section) -> SinkSettings:
    name = matching(section, "name", _NAME, "a sink's name: letters, digits, dot and underscore, at most 64")
    kind = section.choice("type", TYPES, default="")
    if not kind:
        raise section.error(section.line(), "required key 'type' is missing", f"one of {', '.join(TYPES)}")
    readers = {"witness": _witness, "rfc3161": _timestamp, "git": _git, "syslog": _syslog}
    sink = readers[kind](section, name)
    section.finish()
    return sink


def _witness(section: Section, name: str) -> SinkSettings:
    key = section.text("key")
    fault = vkey_fault(key)
    if fault:
        raise section.error(section.line("key"), f"'key' is not a witness's verifier key: {fault}", "NAME+HEX+BASE64")
    url = url_of(section, example=_EXAMPLE)
    return WitnessSinkSettings(name=name, url=url, key=key, ca=optional_path(section, "ca"))


def _timestamp(section: Section, name: str) -> SinkSettings:
    return TimestampSinkSettings(name=name, url=url_of(section, example=_EXAMPLE), roots=path_of(section, "roots"))


def _git(section: Section, name: str) -> SinkSettings:
    branch = matching(section, "branch", _BRANCH, "a branch name")
    return GitSinkSettings(name=name, repository=_repository(section), branch=branch)


def _syslog(section: Section, name: str) -> SinkSettings:
    host, port, authority = syslog_of(section)
    return SyslogSinkSettings(name=name, host=host, port=port, ca=authority)


def _repository(section: Section) -> str:
    """Return a repository that git may push to: over ssh or https, or a path."""
    text, line = section.text("repository"), section.line("repository")
    # git runs what follows `ext::`, and takes a leading hyphen for an option.
    if "::" in text or text.startswith("-") or any(not character.isprintable() for character in text):
        raise section.error(line, "'repository' is not one that may be pushed to", "an ssh or https address, or a path")
    if "://" in text:
        try:
            parts = urllib.parse.urlsplit(text)
            password, host = parts.password, parts.hostname or ""
        except ValueError as exc:
            raise section.error(line, "'repository' is not an address") from exc
        if password is not None:
            raise section.error(line, "'repository' holds a password", "murenger.yml holds no secrets; change it")
        if parts.scheme not in {"ssh", "https", "file"} and not (parts.scheme == "http" and is_loopback(host)):
            raise section.error(line, "'repository' must be ssh, https or file, or http to this host only")
        if parts.scheme != "file" and (not host or host.startswith("-")):
            raise section.error(line, "'repository' is not an address")
        return text
    return text if _SCP.fullmatch(text) else str(path_of(section, "repository"))


def vkey_fault(text: str) -> str:
    """Return what is wrong with a witness's verifier key, or "" if nothing is.

    Source: C2SP signed-note: the hash is SHA-256 of the name, a line feed and the key with its algorithm byte, cut to
    four bytes.
    """
    match = _VKEY.fullmatch(text)
    if match is None:
        return "it has not the form NAME+HEX+BASE64"
    try:
        key = base64.b64decode(match[3], validate=True)
    except binascii.Error:
        return "its last part is not base64"
    if len(key) != 1 + _ED25519_KEY_BYTES or key[0] != _COSIGNATURE_ED25519:
        return "it is not an Ed25519 cosignature key (algorithm 4)"
    digest = hashlib.sha256(match[1].encode() + b"\n" + key).digest()
    if digest[:4].hex() != match[2]:
        return "its hash does not fit its name and key, so a character of it is wrong"
    return ""


def _refuse_twins(sections: tuple[Section, ...], sinks: tuple[SinkSettings, ...]) -> None:
    seen: dict[str, int] = {}
    for section, sink in zip(sections, sinks, strict=True):
        # Folders and receipts are named after sinks, and some file systems know no case.
        name = sink.name.casefold()
        if name in seen:
            raise section.error(section.line("name"), f"two sinks are named {sink.name!r}, first on line {seen[name]}")
        seen[name] = section.line("name")


def _refuse_unsigned(section: Section, *, has_log_key: bool, crypto_profile: str) -> None:
    """Refuse a witness where there is no signed checkpoint to give it."""
    if crypto_profile == "fips":
        raise section.error(
            section.line("type"),
            "a witness needs a signed checkpoint, and crypto_profile fips has no key for one",
            "use rfc3161, git and syslog sinks",
        )
    if not has_log_key:
        raise section.error(
            section.line("type"),
            "a witness needs a signed checkpoint",
            "set runner.log_key: murenger keys generate --log",
        )
