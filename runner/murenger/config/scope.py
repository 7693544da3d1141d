"""Scope: the keys `ignore` and `manage` of a policy.

Input: a policy's section. Output: paths, each a tuple of levels, as reports show them: `interface Management1`, or
`security / policies / from-zone * to-zone dmz`.
"""

from murenger.config.document import Section

Paths = tuple[tuple[str, ...], ...]

MOST_LEVELS = 16
MOST_PATHS = 200


def read_scope(section: Section) -> tuple[Paths, Paths]:
    """Return the paths that a policy ignores, and those that it manages.

    Raises:
        ConfigError: a path has an empty level or too many, is listed twice, or leaves nothing to compare.
    """
    return _paths(section, "ignore"), _paths(section, "manage")


def _paths(section: Section, name: str) -> Paths:
    if not section.has(name):
        return ()
    texts = section.texts(name)
    line = section.line(name)
    if not texts or len(texts) > MOST_PATHS:
        raise section.error(line, f"'{name}' must name 1 to {MOST_PATHS} paths", "leave the key out for none")
    found = tuple(tuple(level.strip() for level in text.split(" / ")) for text in texts)
    for text, path in zip(texts, found, strict=True):
        if not all(path) or len(path) > MOST_LEVELS:
            raise section.error(
                line, f"{text!r} is not a path", "levels as `murenger diff` shows them: interface * / mtu *"
            )
        if found.count(path) > 1:
            raise section.error(line, f"{text!r} is listed twice")
        if name == "ignore" and len(path) == 1 and not path[0].strip("*"):
            raise section.error(
                line, f"{text!r} leaves nothing to compare", "take the device out of the policy instead"
            )
    return found
