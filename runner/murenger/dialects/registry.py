"""Finding a dialect.

Input: a platform's name, or what `ansible_network_os` says. Output: a `Dialect`.
"""

from types import MappingProxyType

from murenger.dialects.definition import Dialect
from murenger.dialects.eos import EOS
from murenger.dialects.junos import JUNOS
from murenger.dialects.nftables import NFTABLES
from murenger.errors import UnsupportedPlatformError

_DIALECTS = MappingProxyType({known.name: known for known in (NFTABLES, EOS, JUNOS)})

PLATFORMS = tuple(sorted(_DIALECTS))
PLATFORM_OF_NETWORK_OS = MappingProxyType(
    {name: known.name for known in _DIALECTS.values() for name in known.network_os}
)


def dialect(platform: str) -> Dialect:
    """Return what is known about a platform.

    Raises:
        UnsupportedPlatformError: nothing is; the message names the platforms that are known.
    """
    try:
        return _DIALECTS[platform]
    except KeyError:
        raise UnsupportedPlatformError(
            f"unknown platform {platform!r}", hint=f"known platforms: {', '.join(PLATFORMS)}"
        ) from None


def platform_of(network_os: str) -> str:
    """Return the platform that a value of `ansible_network_os` means.

    Raises:
        UnsupportedPlatformError: it means none; the message names the values that are known.
    """
    try:
        return PLATFORM_OF_NETWORK_OS[network_os]
    except KeyError:
        known = ", ".join(sorted(PLATFORM_OF_NETWORK_OS))
        raise UnsupportedPlatformError(
            f"unknown ansible_network_os {network_os!r}", hint=f"known values: {known}"
        ) from None
