"""The command `murenger`: find the verb, run it, turn errors into one line and an exit code.

Input: command-line arguments. Output: an exit code: 0 in sync or done, 1 drift found or verification failed, 2 trouble,
and for `verify` 3: intact, completeness not proven. Only the verb's own module is imported, for opening devices takes
long to load and listing records must not wait for it.
"""

import argparse
import importlib
import os
import pathlib
import signal
import sys
import traceback
import types
from collections.abc import Sequence

from murenger import __version__
from murenger.cli.output import TROUBLE, complain, say
from murenger.errors import MurengerError

# Each is a module of this package that registers one verb of the same name, in the order in which one meets them.
VERBS = (
    *("init", "status", "diff", "plan", "heal", "approve", "golden", "log", "show", "verify"),
    *("run", "evidence", "witness", "config", "keys", "doctor"),
)
# The module that finds the verbs of other packages.
OTHERS = "others"


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        verb: the only verb to be loaded; None for all, with those that other packages add.
    """
    top = argparse.ArgumentParser(
        prog="murenger",
        description="Finds firewall drift, heals it as a controlled change, and signs a change record.",
        epilog="exit codes: 0 in sync or done, 1 drift found or verification failed, 2 trouble; "
        "verify adds 3: intact, but completeness is not proven",
    )
    top.add_argument("--version", action="version", version=f"murenger {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name in (*VERBS, OTHERS) if verb is None else (verb,):
        _module(name).register(verbs)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = sys.argv[1:] if argv is None else argv
    args = parser(given[0] if given and given[0] in VERBS else None).parse_args(given)
    try:
        code: int = args.run(args)
    except MurengerError as error:
        complain(error)
        return error.exit_code
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        say("murenger: interrupted")
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
        return _internal_error(error)
    return code


def _module(name: str) -> types.ModuleType:
    return importlib.import_module(f"murenger.cli.{name}")


def _internal_error(error: Exception) -> int:
    """Report a defect of ours in one line; the traceback goes where a developer finds it, without any values."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{pathlib.Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    say(f"murenger: internal error: {type(error).__name__} at {where}; this is a defect, please report it")
    if os.environ.get("MURENGER_DEBUG"):
        sys.stderr.write("".join(traceback.format_list(frames)))
    return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
