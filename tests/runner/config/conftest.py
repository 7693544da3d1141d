"""A complete murenger.yml, and a way to write variants of it."""

import pathlib
from collections.abc import Callable

import pytest

COMPLETE = """\
version: 1
inventory: inventory
vault_password_file: keys/vault
golden:
  repository: golden
  trust: trust/golden
store:
  path: store
  origin: site1.fw.example.net
trust: trust/records
runner:
  id: murenger@site1
  key: keys/runner
  state: state
credentials:
  read:
    username: {inventory: ansible_user}
    password: {inventory: ansible_password}
  heal:
    username: {env: HEAL_USER}
    ssh_key: {file: keys/heal}
policies:
  - name: edge
    devices: [fw1, edge]
    mode: heal
    standing_change: standing.json
    revert_in: 2m
    schedule:
      interval: 5m
    jitter: 30
  - name: core
    devices: []
    schedule: {cron: "*/5 1-3 * jan mon"}
connection:
  connect_timeout: 10s
playbook:
  post_tasks: tasks/after.yml
"""


@pytest.fixture
def complete() -> str:
    return COMPLETE


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Callable[[str | bytes], pathlib.Path]:
    """Return a function that writes murenger.yml and returns its path."""

    def written(text: str | bytes) -> pathlib.Path:
        path = tmp_path / "murenger.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written
