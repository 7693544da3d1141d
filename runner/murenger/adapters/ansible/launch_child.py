"""The child process in which ansible-runner runs one play.

Input: one JSON request on standard input. Output: one JSON reply on standard output; nothing else is printed.
"""

import json
import os
import pathlib
import sys
from collections.abc import Mapping

import ansible_runner

from murenger.adapters.ansible.launch import PID
from murenger.secrets import redact

LAST_LINES = 200


def main() -> None:
    """Run the requested play and print how it ended."""
    os.umask(0o077)
    request = json.load(sys.stdin)
    folder = pathlib.Path(request["private_data_dir"])
    (folder / PID).write_text(str(os.getpid()), encoding="ascii")
    messages: list[str] = []
    lines: list[str] = []

    def redact_event(event: dict[str, object]) -> bool:
        _redact_in_place(event)
        lines.extend(str(event.get("stdout", "")).splitlines())
        if event.get("event") in ("runner_on_failed", "runner_on_unreachable"):
            messages.append(_message(event))
        return True

    run = ansible_runner.run(
        private_data_dir=str(folder),
        playbook=request["playbook"],
        inventory=request["inventory"],
        limit=request["limit"],
        extravars=request["extravars"],
        project_dir=request["directory"],
        envvars={"ANSIBLE_HOST_KEY_CHECKING": "True", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_RETRY_FILES_ENABLED": "False"},
        settings={"suppress_output_file": True, "job_timeout": request["timeout"]},
        event_handler=redact_event,
        quiet=True,
    )
    reply = {"status": run.status, "rc": run.rc, "messages": messages, "stdout": "\n".join(lines[-LAST_LINES:])}
    sys.stdout.write(json.dumps(reply))


def _redact_in_place(event: dict[str, object]) -> None:
    """Replace every text in the event; ansible-runner writes the event only after this returns."""
    for key, value in event.items():
        event[key] = _redacted(value)


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    return value


def _message(event: Mapping[str, object]) -> str:
    data = event.get("event_data")
    result = data.get("res") if isinstance(data, Mapping) else None
    text = result.get("msg") if isinstance(result, Mapping) else None
    return str(text or "a task failed")


if __name__ == "__main__":
    main()
