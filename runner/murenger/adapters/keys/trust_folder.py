"""The reader's own trust folder: everything that a log is judged by.

Input: a folder with allowed_signers, and as there are: krl, tsa-roots.pem, log.vkey, witness.vkeys. Output: whom the
reader trusts.
"""

import contextlib
import datetime
from collections.abc import Sequence
from pathlib import Path

from murenger.adapters.keys.verifier import SshVerifier
from murenger.adapters.openssl import check_timestamp
from murenger.config.settings import Settings, TimestampSinkSettings, WitnessSinkSettings
from murenger.errors import SignatureError
from murenger.record.tree.note import VerifierKey, parse_vkey, read_vkeys
from murenger.record.verify.trust import Trust

ROOTS, LOG_KEYS, WITNESS_KEYS = "tsa-roots.pem", "log.vkey", "witness.vkeys"


class OpensslTimestamps:
    """Port `TimestampVerifier` on the `openssl` program.

    Args:
        roots: files of certificates that are trusted, PEM; a token needs to fit one of them.
    """

    def __init__(self, *roots: Path) -> None:
        self._roots = roots

    def verify_timestamp(
        self, content: bytes, token: bytes, *, at: datetime.datetime | None = None
    ) -> datetime.datetime:
        """Return the time that a token proves for some bytes.

        Raises:
            SignatureError: as the port says.
        """
        *others, last = self._roots
        for roots in others:
            with contextlib.suppress(SignatureError):
                return check_timestamp(content, token, roots, at=at)
        return check_timestamp(content, token, last, at=at)


def read_trust(allowed_signers: Path, *, roots: Sequence[Path] = (), witness_keys: Sequence[str] = ()) -> Trust:
    """Return whom the reader trusts: the signers' file, what lies beside it, and what else is named.

    Args:
        allowed_signers: path of that file.
        roots: further files of certificates for time stamps.
        witness_keys: further public keys of witnesses, as vkeys.

    Raises:
        SignatureError: a file is there and must not, or cannot, be used.
    """
    verifier = SshVerifier(allowed_signers, reread=False)
    verifier.check_trust()
    folder = allowed_signers.parent
    beside = folder / ROOTS
    known = tuple(dict.fromkeys((*([beside] if beside.is_file() else []), *roots)))
    return Trust(
        verifier=verifier,
        timestamps=OpensslTimestamps(*known) if known else None,
        log_keys=_vkeys(folder / LOG_KEYS),
        witness_keys=tuple(dict.fromkeys((*_vkeys(folder / WITNESS_KEYS), *map(parse_vkey, witness_keys)))),
    )


def site_trust(settings: Settings) -> Trust:
    """Return whom a site trusts: its own trust folder, and its anchors as murenger.yml names them.

    Raises:
        SignatureError: a file is there and must not, or cannot, be used.
    """
    sinks = settings.anchors.sinks
    return read_trust(
        settings.trust,
        roots=[sink.roots for sink in sinks if isinstance(sink, TimestampSinkSettings)],
        witness_keys=[sink.key for sink in sinks if isinstance(sink, WitnessSinkSettings)],
    )


def _vkeys(path: Path) -> tuple[VerifierKey, ...]:
    try:
        return read_vkeys(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as exc:
        raise SignatureError(f"the trust file {path} cannot be used: {exc}") from exc
