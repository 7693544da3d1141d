"""Do the records agree with what others hold of them? This is where a rewritten or cut history shows.

Input: claims of evidence and of the reader's own anchors, and the lists of the log. Output: the anchors that agree, and
the first place where one does not.
"""

from collections.abc import Iterator

from murenger.record.verify.case import Case, Claim
from murenger.record.verify.digests import DIGEST_BYTES
from murenger.record.verify.evidence import EvidenceCheck
from murenger.record.verify.finding import Code, Finding
from murenger.record.verify.timeline import Anchor


def check_forks(case: Case) -> Iterator[Finding]:
    """Find two checkpoints of one size with different roots: two histories were shown to different readers."""
    known: dict[int, Claim] = {}
    for claim in sorted((claim for claim in case.claims if claim.root and claim.proven), key=_order):
        other = known.setdefault(claim.sequence, claim)
        if other.root != claim.root:
            text = (
                f"two histories of {claim.size} records: {other.by} holds root {_hex(other.root)} ({other.file}), "
                f"{claim.by} holds root {_hex(claim.root)} ({claim.file})"
            )
            yield Finding(code=Code.FORK, file=claim.file, sequence=claim.sequence, text=text)


def check_cut(case: Case) -> Iterator[Finding]:
    """Find anchors over records that are not there any more."""
    beyond = [claim for claim in case.claims if claim.sequence > case.books.last]
    if beyond:
        furthest = max(beyond, key=_order)
        text = f"{furthest.by} holds the log up to record {furthest.sequence} ({furthest.file}); it ends at "
        text += f"{case.books.last}" if case.books.last >= 0 else "nothing"
        yield Finding(code=Code.TRUNCATED, file=furthest.file, sequence=case.books.last + 1, text=text)


def check_agreement(case: Case) -> Iterator[Finding]:
    """Find the first anchor that the records do not agree with; between it and the one before, they were changed."""
    claims = sorted((claim for claim in case.claims if claim.sequence <= case.books.last), key=_order)
    roots = case.books.roots(claim.size for claim in claims if claim.size is not None)
    agreed: Anchor | None = None
    rewritten = False
    for claim in claims:
        verdict = _agrees(case, claim, roots)
        if verdict is None:
            case.limit(f"{claim.by} could not be compared: the records it is about are not here ({claim.file})")
        elif not verdict and not claim.proven:
            code = Code.RECEIPT_BAD if claim.file.endswith(".git") else Code.CHECKPOINT_BAD
            text = "does not agree with the records; one of the two was altered"
            yield Finding(code=code, file=claim.file, sequence=claim.sequence, text=text)
        elif not verdict and not rewritten:
            rewritten = True
            yield _rewritten(claim, agreed)
        elif verdict and claim.proven:
            agreed = Anchor(sequence=claim.sequence, at=claim.at, by=claim.by, file=claim.file, given=claim.given)
            case.anchors.append(agreed)


def _agrees(case: Case, claim: Claim, roots: dict[int, bytes]) -> bool | None:
    """Tell whether the records are those of a claim; None where nothing of it can be compared."""
    verdicts = []
    if claim.root is not None and claim.size is not None and claim.size in roots:
        verdicts.append(roots[claim.size] == claim.root)
    if claim.sha256 is not None:
        digest = case.books.digest_of(claim.sequence)
        if digest is not None:
            verdicts.append(digest == claim.sha256)
    return all(verdicts) if verdicts else None


def _rewritten(claim: Claim, agreed: Anchor | None) -> Finding:
    first = 0 if agreed is None else agreed.sequence + 1
    since = "the start of the log" if agreed is None else f"record {agreed.sequence}, which {agreed.by} holds"
    at = f" at {claim.at:%Y-%m-%dT%H:%M:%SZ}" if claim.at else ""
    text = (
        f"records {first} to {claim.sequence} are not those that {claim.by} holds{at} ({claim.file}): "
        f"history was rewritten after {since}; --against an older copy names the record"
    )
    return Finding(code=Code.REWRITTEN, file=claim.file, sequence=first, text=text)


def check_older(case: Case) -> Iterator[Finding]:
    """Find the first record that an older copy of the log has otherwise."""
    if case.older is None:
        return
    first, older = case.older
    ours = b"".join(day.leaves or b"" for day in case.scan.days)
    offset = (case.books.first - first) * DIGEST_BYTES
    start = max(offset, 0)
    mine = ours[max(-offset, 0) :]
    theirs = older[start:]
    if not theirs or not mine:
        case.limit("the older copy and the log have no record in common, so they were not compared")
        return
    common = min(len(theirs), len(mine))
    number = max(first, case.books.first)
    if theirs[:common] != mine[:common]:
        place = next(at for at in range(0, common, DIGEST_BYTES) if theirs[at : at + 32] != mine[at : at + 32])
        number += place // DIGEST_BYTES
        text = f"record {number} is the first that the older copy has otherwise: history was rewritten from there on"
        yield Finding(code=Code.REWRITTEN, file="", sequence=number, text=text)
    elif len(theirs) > len(mine):
        last, end = number + len(theirs) // DIGEST_BYTES - 1, number + len(mine) // DIGEST_BYTES - 1
        text = f"the older copy holds the log up to record {last}; it ends at {end}"
        yield Finding(code=Code.TRUNCATED, file="", sequence=end + 1, text=text)


def _order(claim: Claim) -> tuple[int, str, bool]:
    return claim.sequence, claim.file, claim.given


def _hex(root: bytes | None) -> str:
    return (root or b"").hex()


AGREEMENT_CHECKS: tuple[EvidenceCheck, ...] = (check_forks, check_cut, check_agreement, check_older)
