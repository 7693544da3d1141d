"""A time-stamping authority that is openssl itself: its own root, its own certificate, answers by `openssl ts -reply`.

Input: a folder. Output: `ca.pem`, which who checks its stamps must trust, and a response for each query.
"""

import pathlib
import subprocess
import threading

from murenger.lab.failure import LabError

ROOT = "ca.pem"
DAYS = "30"
_TIMEOUT_S = 30
# RFC 3161, section 2.3: the extended key usage of a time-stamping certificate is critical and is its only one.
_EXTENSIONS = (
    "basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n"
)
_CONFIGURATION = """[tsa]
default_tsa = lab
[lab]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
certs = ./ca.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")


class Authority:
    """One authority in one folder; answers one query at a time, for its serial numbers lie in a file.

    Args:
        folder: absolute; holds its keys.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @property
    def root(self) -> pathlib.Path:
        """The certificate to trust."""
        return self._folder / ROOT

    def prepare(self) -> None:
        """Make its keys and certificates.

        Raises:
            LabError: openssl is missing or refuses.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / "tsa.ext").write_text(_EXTENSIONS, encoding="ascii")
        (self._folder / "tsa.cnf").write_text(_CONFIGURATION, encoding="ascii")
        (self._folder / "serial").write_text("01\n", encoding="ascii")
        root = ("-subj", "/CN=murenger lab root", "-addext", "basicConstraints=critical,CA:true")
        self._openssl("req", "-x509", *_KEY, "-keyout", "ca.key", "-out", ROOT, "-days", DAYS, *root)
        self._openssl("req", *_KEY, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=murenger lab time stamps")
        signed_by = ("-CA", ROOT, "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "tsa.ext", "-days", DAYS)
        self._openssl("x509", "-req", "-in", "tsa.csr", "-out", "tsa.pem", *signed_by)

    def answer(self, query: bytes) -> bytes:
        """Return the response to a query, both DER; one that says why where openssl does not grant it.

        Raises:
            LabError: openssl is missing or gives no answer at all.
        """
        with self._lock:
            (self._folder / "query.tsq").write_bytes(query)
            self._openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr")
            return (self._folder / "reply.tsr").read_bytes()

    def _openssl(self, *words: str) -> None:
        try:
            subprocess.run(
                ["openssl", *words],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_TIMEOUT_S,
            )
        except FileNotFoundError as exc:
            raise LabError("openssl is not on PATH", hint="install openssl") from exc
        except subprocess.CalledProcessError as exc:
            said = exc.stderr.decode("utf-8", "replace").strip().splitlines()
            raise LabError(f"openssl {words[0]} failed: {said[-1] if said else 'no reason given'}") from exc
        except subprocess.TimeoutExpired as exc:
            raise LabError(f"openssl {words[0]} gave no answer within {_TIMEOUT_S} s") from exc
