"""Guards: the `guards` section of murenger.yml.

Input: the section. Output: how much healing may change, and when it stops by itself.
"""

from murenger.config.document import Section
from murenger.config.settings import GuardSettings
from murenger.config.values import bounded, percent, seconds_between

# Above these a limit limits nothing.
MOST_DEVICES = 100_000
MOST_DIFFERENCES = 100_000
MOST_FAILURES = 1000
LONGEST_BREAKER_S = 7 * 86_400
"""As far back as the ledger is asked."""
LARGEST_CLOCK_ERROR_S = 3600
_WHY = "it is the last thing between a mistake and every device at once"


def read_guards(section: Section | None) -> GuardSettings:
    """Return the limits; the defaults where the section or a key is absent.

    Raises:
        ConfigError: a value is no number or out of bounds, or a key is unknown.
    """
    default = GuardSettings()
    if section is None:
        return default
    guards = GuardSettings(
        devices_per_hour=bounded(
            section, "devices_per_hour", least=1, most=MOST_DEVICES, default=default.devices_per_hour, why=_WHY
        ),
        differences=bounded(
            section, "differences", least=1, most=MOST_DIFFERENCES, default=default.differences, why=_WHY
        ),
        zone_share=percent(section, "zone_share", least=1, default=default.zone_share),
        breaker_failures=bounded(
            section, "breaker_failures", least=1, most=MOST_FAILURES, default=default.breaker_failures, why=_WHY
        ),
        breaker_within_s=seconds_between(
            section, "breaker_within", least=1, most=LONGEST_BREAKER_S, default=default.breaker_within_s
        ),
        clock_error_s=seconds_between(
            section, "clock_error", least=1, most=LARGEST_CLOCK_ERROR_S, default=default.clock_error_s
        ),
    )
    section.finish()
    return guards
