"""Drives Debian's Chromium over its own pipe, without a driver in between and without a port.

Input: pages on disk. Output: what the browser makes of them: computed widths, complaints, pictures, paper.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

MISSING = "chromium is not installed: the pages are not looked at in a browser"
_PATIENCE_S = 120
_CHUNK = 1 << 20


def program() -> str | None:
    """Return the browser's program, or None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One headless browser with one tab."""

    def __init__(self, process: subprocess.Popen[bytes], to_browser: int, from_browser: int) -> None:
        self._process = process
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._last = 0
        self._events: list[dict[str, Any]] = []
        self._session = ""

    def open_tab(self) -> Self:
        """Open the tab that everything happens in."""
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable", {})
        return self

    def load(self, page: Path) -> None:
        """Load a page from disk and wait until it stands."""
        self._events.clear()
        self._ask("Page.navigate", {"url": page.as_uri()})
        deadline = time.monotonic() + _PATIENCE_S
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._read(deadline)

    def complaints(self) -> list[str]:
        """Return what the browser complained about since the page was loaded, such as a breach of its policy."""
        return [event["params"]["entry"]["text"] for event in self._events if event["method"] == "Log.entryAdded"]

    def requests(self) -> list[str]:
        """Return every address that was asked for since the page was loaded."""
        asked = (event for event in self._events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in asked]

    def media(self, *, dark: bool = False, paper: bool = False) -> None:
        """Set which reader the page is shown to."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", {"media": "print" if paper else "screen", "features": [scheme]})

    def width(self, pixels: int, height: int = 900) -> None:
        """Set the width of the window."""
        metrics = {"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": pixels < 500}
        self._ask("Emulation.setDeviceMetricsOverride", metrics)

    def evaluate(self, script: str) -> Any:
        """Return the value of a script; a promise is waited for."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self._ask("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press_tab(self) -> None:
        """Press the tabulator key."""
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        self._ask("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
        self._ask("Input.dispatchKeyEvent", {"type": "keyUp", **key})

    def picture(self, target: Path) -> None:
        """Write a picture of the whole page."""
        answer = self._ask("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
        target.write_bytes(base64.b64decode(answer["data"]))

    def paper(self, target: Path) -> None:
        """Write the page as it would be printed."""
        self.media(paper=True)
        answer = self._ask("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
        target.write_bytes(base64.b64decode(answer["data"]))

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise AssertionError(f"the browser said nothing for {_PATIENCE_S} s")
            chunk = os.read(self._from, _CHUNK)
            if not chunk:
                raise AssertionError(f"the browser ended with code {self._process.wait(_PATIENCE_S)}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self._events.append(message)
        return message


@contextmanager
def running(profile: Path) -> Iterator[Browser]:
    """Run a browser with an empty profile; it ends with the block."""
    found = program()
    assert found, MISSING
    their_input, to_browser = os.pipe()
    from_browser, their_output = os.pipe()
    options = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        f"--user-data-dir={profile}",
        "--remote-debugging-pipe",
    )
    # The browser reads commands at descriptor 3 and answers at 4.
    wrapper = [
        "sh",
        "-c",
        'exec "$0" "$@" 3<"/proc/self/fd/$MURENGER_IN" 4>"/proc/self/fd/$MURENGER_OUT"',
        found,
        *options,
    ]
    process = subprocess.Popen(
        wrapper,
        env=os.environ | {"MURENGER_IN": str(their_input), "MURENGER_OUT": str(their_output)},
        pass_fds=(their_input, their_output),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_input)
    os.close(their_output)
    try:
        yield Browser(process, to_browser, from_browser).open_tab()
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)
        os.close(to_browser)
        os.close(from_browser)
