"""Give ansible-test its pip bootstrap script where the download of it is blocked.

ansible-test makes an environment without pip for each sanity test and downloads `get-pip` from one fixed file server.
When that server answers, its script is used. When it does not, a stand-in that takes pip from Python's own ensurepip
is put where ansible-test looks first.

Input: the installed ansible-core. Output: `~/.ansible/test/cache/get_pip_<version>.py`, if it was needed.
"""

import os
import re
import sys
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

STAND_IN = '''"""Stand-in for get-pip: installs pip from Python's own ensurepip."""
import subprocess
import sys

arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *arguments])
if "--no-setuptools" in sys.argv:
    subprocess.check_call([sys.executable, "-m", "pip", "uninstall", "--quiet", "-y", "setuptools"])
'''


def main() -> None:
    """Put a bootstrap script into ansible-test's cache unless one is there or can be had."""
    url, name = wanted()
    script = Path("~/.ansible/test/cache").expanduser() / name
    if script.exists():
        return
    script.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the address is ansible-core's own, https
            text = answer.read().decode()
        source = url
    except (urllib.error.URLError, TimeoutError) as exc:
        text, source = STAND_IN, f"a stand-in, since {url} cannot be had ({exc})"
    partial = script.with_suffix(f".{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(script)
    sys.stdout.write(f"pip bootstrap for ansible-test: {source}\n")


def wanted() -> tuple[str, str]:
    """Return the address and the file name that the installed ansible-test uses.

    Raises:
        SystemExit: when ansible-test is absent or no longer names its script as it used to.
    """
    spec = find_spec("ansible_test")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("ansible-test is not installed: run `make sanity`")
    folder = Path(spec.submodule_search_locations[0])
    setup = (folder / "_util/target/setup/requirements.py").read_text(encoding="utf-8")
    pins = (folder / "_internal/python_requirements.py").read_text(encoding="utf-8")
    url = re.search(r"'(https://\S+/get-pip-%s\.py)'", setup)
    version = re.search(r"\bpip='([\d.]+)'", pins)
    if not url or not version:
        sys.exit("ansible-test names its pip bootstrap script in a new way: adapt tests/collection/pip_bootstrap.py")
    return url[1] % version[1], f"get_pip_{version[1].replace('.', '_')}.py"


if __name__ == "__main__":
    main()
