"""The demonstration's working directory, and the lab in it, which never outlives the demonstration.

Input: a folder to keep, or none. Output: a working directory; after the block no lab runs, and a temporary one is gone.
"""

import contextlib
import dataclasses
import pathlib
import shutil
import signal
import tempfile
from collections.abc import Iterator

from murenger.lab import site
from murenger.lab.blueprints import BLUEPRINTS
from murenger.lab.demo.failure import DemoFailedError, StoppedError
from murenger.lab.demo.needs import empty_folder

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Kept beside the rest, so that the golden repository can still be read and the records verified when the lab is gone.
_SETTINGS_OF_LAB = ("inventory", "vault-password", "anchors/tsa/ca.pem")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A working directory.

    Attributes:
        folder: holds `lab/`, `site/`, `logs/` and a person's keys.
        is_kept: whether its user asked to keep it.
    """

    folder: pathlib.Path
    is_kept: bool

    @property
    def logs(self) -> pathlib.Path:
        """Folder for the log of each command."""
        return self.folder / "logs"

    @property
    def lab(self) -> pathlib.Path:
        """Folder of the lab."""
        return self.folder / "lab"

    def add_settings(self, text: str) -> None:
        """Append a section to the site's murenger.yml."""
        with (self.folder / "site" / "murenger.yml").open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")

    def save_settings(self) -> None:
        """Copy what the lab removes when it ends and a reader of the golden repository needs later."""
        for name in _SETTINGS_OF_LAB:
            source, target = self.lab / name, self._saved / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.exists():
                shutil.copy2(source, target)

    def take_down(self, *, keep_settings: bool) -> None:
        """Stop the lab, if there is one.

        Args:
            keep_settings: whether its inventory and vault password stay in its folder.
        """
        if (self.lab / "lab.json").exists():
            if keep_settings:
                self.save_settings()
            site.down(self.lab, BLUEPRINTS, lambda _line: None)
        if self._saved.exists() and not self.lab.exists():
            self._saved.rename(self.lab)

    @property
    def _saved(self) -> pathlib.Path:
        return self.folder / "lab-settings"


@contextlib.contextmanager
def working_directory(keep: pathlib.Path | None) -> Iterator[Place]:
    """Make a working directory for the length of the block, and take the lab in it down whatever happens.

    A temporary directory stays when the block fails, for that is when somebody wants to look at it.

    Args:
        keep: folder that stays; a temporary one is made when None.

    Raises:
        DemoError: the folder is not empty.
    """
    folder = empty_folder(keep) if keep else pathlib.Path(tempfile.mkdtemp(prefix="murenger-demo-"))
    place = Place(folder=folder, is_kept=keep is not None)
    place.logs.mkdir()
    stays = place.is_kept
    try:
        yield place
    except DemoFailedError:
        stays = True
        raise
    finally:
        # From here on nothing interrupts: a lab left behind would be worse than a second of patience.
        with _undisturbed():
            place.take_down(keep_settings=stays)
            if not stays:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Turn the signals that end a program into an exception, for the length of the block.

    Raises:
        StoppedError: one of them came.
    """

    def stop(number: int, _frame: object) -> None:
        raise StoppedError(number)

    before = {number: signal.signal(number, stop) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
