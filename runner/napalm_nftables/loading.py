"""Make a candidate of a text: judged, canonical, kept to the managed tables, tried in full size.

Input: the text, the live tables, the managed names. Output: a `Candidate`. Nothing on the device changes.
"""

from napalm_nftables.candidate import CandidateError, check_candidate
from napalm_nftables.commit_state import Candidate, check_texts
from napalm_nftables.device import Device, HelperUnavailableError
from napalm_nftables.listing import Table, TableName
from napalm_nftables.ownership import refuse_foreign, without_untouched
from napalm_nftables.scratch import evaluate
from napalm_nftables.transaction import policy_digest, policy_text


def load_candidate(
    device: Device, text: str, live: tuple[Table, ...], managed: tuple[TableName, ...] | None, *, merge: bool
) -> Candidate:
    """Make a candidate.

    Args:
        device: the device whose kernel judges.
        text: nft text.
        live: the live tables, from a listing made with `-s`.
        managed: the managed tables; None for those the text speaks of.
        merge: add the text to the live managed tables instead of replacing them.

    Raises:
        CandidateError, NftTextError: this driver refuses the text.
        NftRefusedError: the kernel refuses it, or the transaction that would apply it or take it back.
    """
    named = check_candidate(text)
    if not named:
        raise CandidateError("the candidate names no table")
    names = managed or named
    base = "".join(table.text for table in live if table.name in names) if merge else ""
    result = evaluate(device, text if merge else without_untouched(text, names, live), base)
    refuse_foreign(result, names, live)
    candidate = Candidate(
        names=names,
        tables=tuple(table for table in result if table.name in names),
        base_digest=policy_digest(policy_text(live, names)),
    )
    _check_on_live(device, candidate)
    return candidate


def _check_on_live(device: Device, candidate: Candidate) -> None:
    """Have both transactions judged by the kernel that would run them, in their full size."""
    try:
        with device.exchange("check") as exchange:
            device.answer(exchange, check_texts(candidate, exchange.sections))
    except HelperUnavailableError:
        # A login that may only read can still compare; a commit by it is refused.
        return
