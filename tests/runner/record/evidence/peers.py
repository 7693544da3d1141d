"""Others in the world of packs: real SSH keys, and a time-stamping authority run by openssl.

Input: a folder. Output: signatures and tokens that nobody of ours made.
"""

import datetime
import subprocess
from pathlib import Path

from murenger.adapters.keys import SshSigner, fingerprint, generate_key


class SshKey:
    """A real key of ssh-keygen under the names that the world's own keys have."""

    def __init__(self, path: Path, principal: str, kind: str) -> None:
        self.principal = principal
        self.line = generate_key(path, principal, kind)
        self.fingerprint = fingerprint(path)
        self._signer = SshSigner(principal, path)
        self.identity = self._signer.identity

    def sign(self, content: bytes, *, namespace: str) -> str:
        return self._signer.sign(content, namespace=namespace)


class Authority:
    """A time-stamping authority with a certificate of its own, run by openssl."""

    def __init__(self, folder: Path, *, lasts_s: int | None = None) -> None:
        self.folder = folder
        folder.mkdir()
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"),
            *("-subj", "/CN=roots", "-keyout", "ca.key", "-out", "roots.pem"),
        )
        self._openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=tsa"),
            *("-keyout", "tsa.key", "-out", "tsa.csr"),
        )
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
            "x509_extensions=x\n[p]\ncommonName=supplied\n[x]\nextendedKeyUsage=critical,timeStamping\n"
        )
        now = datetime.datetime.now(datetime.UTC)
        self.ends_at = now + datetime.timedelta(seconds=lasts_s if lasts_s is not None else 10 * 365 * 86400)
        start = f"{now - datetime.timedelta(minutes=5):%Y%m%d%H%M%SZ}"
        self._openssl(
            *("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "roots.pem", "-keyfile", "ca.key"),
            *("-startdate", start, "-enddate", f"{self.ends_at:%Y%m%d%H%M%SZ}", "-in", "tsa.csr", "-out", "tsa.pem"),
        )
        (folder / "tsaserial").write_text("01\n")
        (folder / "tsa.cnf").write_text(
            "[tsa]\ndefault_tsa=t\n[t]\nserial=tsaserial\ndefault_policy=1.2.3.4\ndigests=sha256\nsigner_digest=sha256\n"
        )

    @property
    def roots(self) -> Path:
        return self.folder / "roots.pem"

    def stamp(self, content: bytes) -> bytes:
        (self.folder / "data").write_bytes(content)
        self._openssl("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq")
        self._openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-inkey", "tsa.key", "-signer", "tsa.pem"),
            *("-out", "r.tsr"),
        )
        return (self.folder / "r.tsr").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(("openssl", *arguments), cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
