"""Configuration: what murenger.yml says, read strictly and held in frozen values.

Input: one YAML file. Output: `Settings`, or a `ConfigError` that names the file, the line, the key and the remedy.
"""

from murenger.config.load import FILE_NAME, find, load
from murenger.config.settings import (
    ConnectionSettings,
    Credential,
    GoldenSettings,
    PlaybookSettings,
    Problem,
    Reference,
    ReferenceKind,
    RunnerSettings,
    Settings,
    StoreSettings,
)
from murenger.config.template import DEFAULT_POLICY, murenger_yml

__all__ = [
    "DEFAULT_POLICY",
    "FILE_NAME",
    "ConnectionSettings",
    "Credential",
    "GoldenSettings",
    "PlaybookSettings",
    "Problem",
    "Reference",
    "ReferenceKind",
    "RunnerSettings",
    "Settings",
    "StoreSettings",
    "find",
    "load",
    "murenger_yml",
]
