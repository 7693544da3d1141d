"""Configuration: what murenger.yml says, read strictly and held in frozen values.

Input: one YAML file. Output: `Settings`, or a `ConfigError` that names the file, the line, the key and the remedy.
"""

from murenger.config.load import FILE_NAME, find, load
from murenger.config.notify import ChannelSettings, SyslogChannelSettings, WebhookChannelSettings
from murenger.config.references import Reference, ReferenceKind
from murenger.config.settings import (
    AnchorPolicy,
    AnchorSettings,
    ConnectionSettings,
    Credential,
    GitSinkSettings,
    GoldenSettings,
    PlaybookSettings,
    Problem,
    RunnerSettings,
    Settings,
    SinkSettings,
    StoreSettings,
    SyslogSinkSettings,
    TimestampSinkSettings,
    WitnessSinkSettings,
)
from murenger.config.template import DEFAULT_POLICY, murenger_yml

__all__ = [
    "DEFAULT_POLICY",
    "FILE_NAME",
    "AnchorPolicy",
    "AnchorSettings",
    "ChannelSettings",
    "ConnectionSettings",
    "Credential",
    "GitSinkSettings",
    "GoldenSettings",
    "PlaybookSettings",
    "Problem",
    "Reference",
    "ReferenceKind",
    "RunnerSettings",
    "Settings",
    "SinkSettings",
    "StoreSettings",
    "SyslogChannelSettings",
    "SyslogSinkSettings",
    "TimestampSinkSettings",
    "WebhookChannelSettings",
    "WitnessSinkSettings",
    "find",
    "load",
    "murenger_yml",
]
