"""The command `murenger`: find the verb, run it, turn errors into one line and an exit code.

Input: command-line arguments. Output: an exit code: 0 in sync or done, 1 drift found or verification failed, 2 trouble,
and for `verify` 3: intact, completeness not proven. Only the verb's own module is imported, for opening devices takes
long to load and listing records must not wait for it.
"""

import argparse
import contextlib
import gc
import importlib
import os
import signal
import sys
import types
from collections.abc import Iterator, Sequence

from murenger import __version__
from murenger.cli.output import complain, say
from murenger.errors import MurengerError

# Each is a module of this package that registers one verb of the same name, in the order in which one meets them.
VERBS = (
    *("init", "status", "diff", "plan", "heal", "approve", "golden", "log", "show", "verify"),
    *("run", "evidence", "witness", "config", "keys", "doctor", "trace", "intents"),
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
    # Only a process of our own is ours to arrange.
    with _loading() if argv is None else contextlib.nullcontext():
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
        defect: int = _module("defect").report(error)
        return defect
    return code


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Return a context in which code is loaded: it stays to the end, so nobody looks through it for garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _module(name: str) -> types.ModuleType:
    return importlib.import_module(f"murenger.cli.{name}")


if __name__ == "__main__":
    sys.exit(main())
