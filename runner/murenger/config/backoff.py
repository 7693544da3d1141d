"""Back-off: the section `backoff`, how long healing waits after a failure and what counts as a fight.

Input: the section. Output: `BackoffSettings`, or a `ConfigError` that names the line.
"""

from murenger.config.document import Section
from murenger.config.settings import BackoffSettings
from murenger.config.values import bounded, percent

# Nothing that somebody would wait for is longer, and no sum of times overflows.
LONGEST_S = 366 * 86_400
# Of each device 64 outcomes are remembered; more returns than that would never be counted.
MOST_RETURNS = 50


def read_backoff(section: Section | None) -> BackoffSettings:
    """Return the settings, the defaults where the section or a key is absent.

    Raises:
        ConfigError: a value is out of bounds, or the cap is below the first wait.
    """
    default = BackoffSettings()
    if section is None:
        return default
    settings = BackoffSettings(
        first_s=_seconds(section, "first", default.first_s),
        most_s=_seconds(section, "most", default.most_s),
        jitter=percent(section, "jitter", least=0, default=default.jitter),
        healthy_after_s=_seconds(section, "healthy_after", default.healthy_after_s),
        fight_returns=bounded(
            section,
            "fight_returns",
            least=2,
            most=MOST_RETURNS,
            default=default.fight_returns,
            why="how often the same change must come back before it is called a fight",
        ),
        fight_within_s=_seconds(section, "fight_within", default.fight_within_s),
    )
    section.finish()
    if settings.most_s < settings.first_s:
        raise section.error(
            section.line("most"),
            f"'most' is {settings.most_s} seconds, less than 'first', {settings.first_s}",
            "it is the longest wait",
        )
    return settings


def _seconds(section: Section, name: str, default: int) -> int:
    value = section.seconds(name, default=default, least=1)
    if value > LONGEST_S:
        raise section.error(section.line(name), f"{name!r} must be at most {LONGEST_S} seconds", "366d is a year")
    return value
