"""Turn the driver's own errors into the NAPALM exception that fits the call.

Input: a block of a driver's method. Output: what it raises, spelled as NAPALM's callers expect; the messages are safe
to show.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from napalm.base.exceptions import NapalmException

from napalm_nftables.candidate import CandidateError
from napalm_nftables.commit_state import explain, read_report
from napalm_nftables.device import HelperUnavailableError, NftRefusedError, PendingError
from napalm_nftables.lexer import NftTextError


@contextmanager
def raising(kind: type[NapalmException]) -> Iterator[None]:
    """Raise one NAPALM exception for every error of this driver; NAPALM's own pass through.

    Args:
        kind: the exception that the method documents.

    Raises:
        NapalmException: of that kind.
    """
    try:
        yield
    except PendingError as error:
        raise kind(explain(str(error), read_report(error.report))) from error
    except (NftRefusedError, HelperUnavailableError, CandidateError, NftTextError) as error:
        raise kind(str(error)) from error
