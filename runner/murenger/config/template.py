"""The template of murenger.yml that `murenger init` writes.

Input: names and paths. Output: commented YAML that `load` reads.
"""

import json
import re

# Words that YAML 1.2 would read as another type, or that hold its signs, are quoted.
_PLAIN = re.compile(r"(?!(?i:true|false|null)$)[A-Za-z/][A-Za-z0-9/._@-]*")

DEFAULT_POLICY = """\
policies:
  # Nothing is healed until a policy here says so. A device in no policy is only observed.
  - name: everything
    devices: []               # device or group names of the inventory; an empty list selects nothing
    mode: observe             # observe | propose (ask a person for each change) | heal
    # For mode heal: a standing change that a person has signed, and, while traffic impact is not assessed, leave for
    # it. Sign with: ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n change-approval@murenger standing-change.json
    # standing_change: standing-change.json
    # allow_unassessed_impact: true
    revert_in: 120s           # the device undoes by itself what is not confirmed within this time
    schedule:
      interval: 5m            # or cron: "*/5 * * * *", in UTC
    jitter: 30s               # largest random delay added to each check
"""

_TEMPLATE = """\
# murenger's settings, read as YAML 1.2. Paths are relative to this file. An unknown or duplicate key is an error.
# No secret stands here: credentials are references. Check this file with `murenger config check`.
version: 1

inventory: {inventory}        # Ansible inventory, a file or a folder
vault_password_file: {vault_password_file}

golden:
  repository: {golden}        # git repository that holds golden policy
  branch: main
  trust: {golden_trust}       # who may sign golden policy; outside the repository, each line with namespaces="git"

store:
  path: {store}               # change records
  origin: {origin}            # name of this log; differs between test and production

trust: {trust}                # who may sign records and approvals, each line with namespaces=

runner:
  id: {runner_id}             # the runner's principal in the trust file
  key: {runner_key}           # its private key, mode 0600, used by nobody else
  state: {state}              # leases, plans, approvals

credentials:
  # Each value is {{inventory: VARIABLE}}, {{file: PATH}} or {{env: NAME}}.
  read:                       # for looking; may be a read-only login
    username: {{inventory: ansible_user}}
    password: {{inventory: ansible_password}}
    ssh_key: {{inventory: ansible_ssh_private_key_file}}
  heal:                       # for changing; never opened by status, diff, plan or check mode
    username: {{inventory: murenger_heal_user}}
    password: {{inventory: murenger_heal_password}}
    ssh_key: {{inventory: murenger_heal_ssh_key}}

{policies}
connection:
  connect_timeout: 20s
  read_timeout: 60s

playbook:
  name: murenger.drift.heal
  # Your own tasks around each change, such as a ticket or a message:
  # pre_tasks: tasks/before.yml
  # post_tasks: tasks/after.yml
"""


def murenger_yml(
    *,
    origin: str,
    runner_id: str,
    inventory: str = "inventory",
    vault_password_file: str = "keys/vault-password",  # noqa: S107 - a path, not a password
    golden: str = "golden",
    golden_trust: str = "trust/golden_signers",
    store: str = "store",
    trust: str = "trust/allowed_signers",
    runner_key: str = "keys/runner",
    state: str = "state",
    policies: str = DEFAULT_POLICY,
) -> str:
    """Return the text of a complete, commented murenger.yml.

    Args:
        origin: name of the log, such as `site1.fw.example.net`.
        runner_id: the runner's principal, such as `murenger@site1`.
        inventory: path of the Ansible inventory; this and every other path is relative to the file's folder.
        vault_password_file: path of the ansible-vault password file.
        golden: path of the golden repository.
        golden_trust: path of the golden trust file.
        store: path of the record store.
        trust: path of the trust file for records and decisions.
        runner_key: path of the runner's private key.
        state: path of the state folder.
        policies: the whole `policies` section.
    """
    names = {
        "origin": origin,
        "runner_id": runner_id,
        "inventory": inventory,
        "vault_password_file": vault_password_file,
        "golden": golden,
        "golden_trust": golden_trust,
        "store": store,
        "trust": trust,
        "runner_key": runner_key,
        "state": state,
    }
    return _TEMPLATE.format(**{key: _quoted(name) for key, name in names.items()}, policies=policies)


def _quoted(text: str) -> str:
    """Return the text as a YAML scalar; a JSON string is one, whatever the text holds."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
