"""`python -m murenger.lab.demo`: the demonstration, as `make demo` runs it.

Input: devices, a folder to keep. Output: the story; exit 0 all of it proved, 1 a step failed, 2 something is missing.
"""

import argparse
import contextlib
import os
import pathlib
import sys
import time
from collections.abc import Sequence

from murenger.errors import MurengerError
from murenger.lab.demo.failure import DemoFailedError, StoppedError
from murenger.lab.demo.needs import Cast, cast
from murenger.lab.demo.place import Place, stoppable, working_directory
from murenger.lab.demo.screen import Screen
from murenger.lab.demo.shell import Shell, environment
from murenger.lab.demo.story import FIREWALL, Story
from murenger.lab.demo.teller import Teller

_NOTHING = Cast(devices=(), absent=())


def main(argv: Sequence[str] | None = None) -> int:
    """Tell the story and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m murenger.lab.demo", description=__doc__)
    parser.add_argument("devices", nargs="*", metavar="DEVICE", help="fw1, leaf1, srx1; all when none is named")
    parser.add_argument(
        "--keep", metavar="DIR", default=os.environ.get("DEMO_KEEP", ""), help="keep everything here ($DEMO_KEEP)"
    )
    args = parser.parse_args(argv)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # standard output is a text stream
    screen = Screen()
    try:
        with stoppable():
            return _tell(args.devices, pathlib.Path(args.keep) if args.keep else None, screen)
    except StoppedError as stopped:
        screen.warning("stopped; the lab is down and nothing of it is left running")
        return 128 + stopped.number
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; the lab is down by now.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _tell(names: Sequence[str], keep: pathlib.Path | None, screen: Screen) -> int:
    began = time.monotonic()
    place: Place | None = None
    try:
        chosen = cast(names, path=environment()["PATH"])
        with working_directory(keep) as place:
            _begin(screen, chosen)
            shell = Shell(screen, folder=place.folder, logs=place.logs)
            teller = Teller(place=place, shell=shell, screen=screen)
            Story(teller, chosen.devices).tell()
    except MurengerError as error:
        screen.failure(str(error))
        if isinstance(error, DemoFailedError) and place is not None:
            screen.words(f"The lab is down. Everything else is in {place.folder}")
        return error.exit_code
    _end(screen, chosen, teller.proved, time.monotonic() - began)
    if place.is_kept:
        _say_what_is_kept(screen, place.folder)
    return 0


def _begin(screen: Screen, chosen: Cast) -> None:
    screen.words(
        """murenger notices when a firewall no longer matches its approved policy, says what the difference is, puts it
        right as a controlled change, and signs a record of it. Here is all of that, on a lab on this machine. Every
        line after a $ is a command that really runs, followed by what it really prints."""
    )
    for line in chosen.absent:
        screen.warning(f"going on without {FIREWALL}, the real firewall; {line}")


def _end(screen: Screen, chosen: Cast, proved: Sequence[str], seconds: float) -> None:
    screen.heading("what was proved")
    for text in proved:
        screen.proved(text)
    if chosen.absent:
        screen.warning(
            f"no real connection was tried, because {FIREWALL} did not take part; {'; '.join(chosen.absent)}"
        )
    whole = _since_make_began()
    screen.words(f"Done in {seconds:.0f} s.{f' With the set-up before it: {whole:.0f} s.' if whole else ''}")


def _since_make_began() -> float:
    """Return the seconds since `make demo` began, or 0 when that is not known."""
    with contextlib.suppress(ValueError):
        return max(0.0, time.time() - float(os.environ.get("DEMO_BEGAN", "")))
    return 0.0


def _say_what_is_kept(screen: Screen, folder: pathlib.Path) -> None:
    command = pathlib.Path(sys.executable).with_name("murenger")
    screen.words(f"Kept in {folder}:")
    for name, what in (
        ("site/golden", "the golden repository"),
        ("site/store", "the change records; tampered-store is the copy with the changed byte"),
        ("site/keys, site/trust, alice", "the program's key, who may sign, the person's key"),
        ("pack, auditor", "the evidence pack, index.html to begin with; what its auditor trusts"),
        ("logs", "what every command printed"),
    ):
        screen.output(f"  {name:30} {what}", is_message=False)
    screen.words("The devices are gone; the records can still be read:")
    screen.output(f"  cd {folder}/site && {command} log", is_message=False)


if __name__ == "__main__":
    sys.exit(main())
