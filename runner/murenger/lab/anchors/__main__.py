"""Starts the lab's time-stamping authority as a process of its own: `python -m murenger.lab.anchors FOLDER`.

Input: a folder with an authority's keys. Output: `ready.json` with the port; exit code 0 after SIGTERM or SIGINT, 2
when it cannot start.
"""

import http
import http.server
import pathlib
import signal
import sys
import threading

from murenger.lab.anchors.authority import Authority
from murenger.lab.failure import LabError
from murenger.lab.files import write_json

_FAILED = 2
_MOST_BYTES = 65536
_ADDRESS = "127.0.0.1"


class _Handler(http.server.BaseHTTPRequestHandler):
    """RFC 3161, section 3.4: a query is posted, its response is the answer."""

    authority: Authority
    timeout = 10

    def do_POST(self) -> None:
        """Answer one query."""
        length = int(self.headers.get("Content-Length", "0"))
        if self.headers.get("Content-Type") != "application/timestamp-query" or not 0 < length <= _MOST_BYTES:
            self.send_error(http.HTTPStatus.BAD_REQUEST)
            return
        try:
            reply = self.authority.answer(self.rfile.read(length))
        except LabError as error:
            sys.stderr.write(f"{error}\n")
            self.send_error(http.HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)


def main(arguments: list[str]) -> int:
    """Run until told to end.

    Args:
        arguments: the folder's path, alone.

    Returns:
        The exit code.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m murenger.lab.anchors FOLDER\n")
        return _FAILED
    folder = pathlib.Path(arguments[0]).resolve()
    if not (folder / "tsa.cnf").is_file():
        sys.stderr.write(f"{folder} holds no time-stamping authority\n")
        return _FAILED
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    _Handler.authority = Authority(folder)
    with http.server.ThreadingHTTPServer((_ADDRESS, 0), _Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        write_json(folder / "ready.json", {"address": _ADDRESS, "port": server.server_port})
        ended.wait()
        server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
