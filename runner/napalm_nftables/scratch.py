"""Let the device's own kernel spell a rule set, where it can do no harm.

Input: a base and a text to load after it. Output: the listing that the two give in a network namespace made for this
and thrown away. The same nft and the same kernel spell both sides of a comparison, so a golden written by hand
compares equal to the listing it gives.
"""

from napalm_nftables.device import Device, HelperUnavailableError, NftRefusedError
from napalm_nftables.lexer import NftTextError
from napalm_nftables.listing import Table, parse_listing


def evaluate(device: Device, text: str, base: str = "") -> tuple[Table, ...]:
    """Load a base, then a text, and list.

    Args:
        device: the device to ask.
        text: nft text, checked by `candidate.check_candidate`.
        base: listing text loaded first; empty for none.

    Returns:
        The tables of the result, canonical.

    Raises:
        NftRefusedError: nft refused one of the two; the message says which line.
        UnsupportedVersion: the device has no `unshare`.
    """
    texts = {"base": base, "text": text}
    try:
        sections = device.send("scratch", texts=texts)
    except HelperUnavailableError:
        # A reading account may not run the helper; a namespace of its own needs no rights where users may make one.
        sections = device.send("scratch", texts=texts, raised=False)
    try:
        return parse_listing(sections["listing"])
    except NftTextError as error:
        raise NftRefusedError(f"the listing of the scratch namespace is not whole: {error}") from error
