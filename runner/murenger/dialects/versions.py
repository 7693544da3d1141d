"""When two versions of a platform are the same, as far as a driver's conduct goes.

Input: a platform and the version text of a device. Output: the part of it that must be equal.

A vendor's release is one version, to the last letter. A Linux firewall has two: nft, whose printing and refusing differ
between releases, and the kernel, whose nf_tables changes with its major and minor number; what stands after those are
repairs and a distribution's own counting, which security updates raise every few weeks.
"""

import re
from types import MappingProxyType

# What is cut away, by platform; where nothing stands here, nothing is.
_REPAIRS = MappingProxyType({"nftables": re.compile(r"(?<=, Linux )(?P<kept>\d+\.\d+)[^,]*\Z")})


def platform_version(platform: str, os_version: str) -> str:
    """Return the version that a proof holds for.

    Args:
        platform: a dialect's name.
        os_version: version text as the driver's facts give it.
    """
    repairs = _REPAIRS.get(platform)
    return repairs.sub(r"\g<kept>", os_version) if repairs else os_version
