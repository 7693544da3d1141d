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
    # For mode heal: a standing change that a person has signed. It never covers a drift whose effect on traffic is not
    # proven. Sign with: ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n change-approval@murenger standing-change.json
    # standing_change: standing-change.json
    revert_in: 120s           # the device undoes by itself what is not confirmed within this time
    schedule:
      interval: 5m            # or cron: "*/5 * * * *", in UTC
    jitter: 30s               # largest random delay added to each check
    # Parts that are neither compared nor changed, by their paths as `murenger diff` shows them; or `manage`, the rest:
    # ignore: ["interface Management1", "interface * / description *"]
"""

_LOG_KEY = """\
  log_key: {log_key}          # the log's own key, mode 0400: it signs checkpoints and nothing else
"""

_TEMPLATE = """\
# murenger's settings, read as YAML 1.2. Paths are relative to this file. An unknown or duplicate key is an error.
# No secret stands here: credentials are references. Check this file with `murenger config check`.
version: 1
{crypto_profile}
inventory: {inventory}        # Ansible inventory, a file or a folder
vault_password_file: {vault_password_file}

golden:
  repository: {golden}        # git repository that holds golden policy
  branch: main
  trust: {golden_trust}       # who may sign golden policy; outside the repository, each line with namespaces="git"

store:
  path: {store}               # change records
  origin: {origin}            # name of this log; differs between test and production
  retention_days: 396         # at least 366; a file HOLD in the log's folder stops all removing
  heartbeat: 5m               # the runner says that it lives, and what it saw

trust: {trust}                # who may sign records and approvals, each line with namespaces=
capabilities: capabilities    # what is proved of the drivers, signed; murenger doctor --conformance DEVICE makes them

runner:
  id: {runner_id}             # the runner's principal in the trust file
  key: {runner_key}           # its private key, mode 0600, used by nobody else
  state: {state}              # leases, plans, approvals
{log_key}
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

# Who else holds the head of the log. Without this section the records can be proved intact, but not complete: whoever
# holds the runner's key could rewrite them unnoticed. Choose sinks that other people run.
# anchors:
#   policy: before_change     # a change waits until one sink holds its intent; or queue
#   timeout: 20s
#   sinks:
#     - name: w1
#       type: witness         # murenger witness, in another administrative domain
#       url: "https://witness.example.net"
#       key: "VKEY"           # what `murenger witness` prints
#     - name: tsa1
#       type: rfc3161         # a time-stamping authority
#       url: "https://tsa.example.net/tsr"
#       roots: trust/tsa-roots.pem
#     - name: evidence
#       type: git             # a branch on a server that refuses forced pushes
#       repository: "ssh://git@git.example.net/evidence.git"
#       branch: anchors/site1
#     - name: siem
#       type: syslog          # RFC 5424 over TLS; never enough alone for before_change
#       host: siem.example.net
#       port: 6514
#       ca: trust/siem-ca.pem

# Who is told of drift, of refused and failed changes, and of devices and anchors that do not answer: one message for
# each incident, and another whenever it changes.
# notify:
#   - name: siem
#     type: syslog            # CEF over RFC 5424 over TLS
#     host: siem.example.net
#     ca: trust/siem-ca.pem
#   - name: pager
#     type: webhook           # signed as Standard Webhooks has it
#     url: "https://pager.example.net/murenger"
#     secret: {{file: keys/pager-secret}}   # whsec_ and base64 of 24 to 64 random bytes
#     least: high             # low | medium | high | critical

# How long healing waits after a change that did not end healed, and what counts as a fight: nothing is healed against
# somebody who always changes it back. These are the defaults.
# backoff:
#   first: 60s                # doubled after each further failure of the same drift,
#   most: 1h                  # up to this
#   jitter: 10%               # share of the wait, added at random
#   healthy_after: 1d         # in sync for so long, and all is forgotten; a new golden revision forgets too
#   fight_returns: 3          # the same change came back so often
#   fight_within: 1d          # within this time

# How much healing may change, and when it stops by itself; counted over the whole site.
guards:
  devices_per_hour: 20
  differences: 200            # that one change may undo
  zone_share: 50%             # of a zone's devices within an hour; always at least one
  breaker_failures: 2         # failed changes in a zone within breaker_within stop healing there
  breaker_within: 1h          # and then one heal may try again
  clock_error: 60s            # largest error of our own clock; below 16s it must be synchronised

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
    log_key: str = "keys/log.pem",
    crypto_profile: str = "default",
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
        log_key: path of the log's private key; not written where the profile is fips, which has none.
        crypto_profile: default or fips.
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
    fips = crypto_profile == "fips"
    return _TEMPLATE.format(
        **{key: _quoted(name) for key, name in names.items()},
        policies=policies,
        crypto_profile="crypto_profile: fips          # ECDSA P-256; no checkpoints, hence no witness\n"
        if fips
        else "",
        log_key="" if fips else _LOG_KEY.format(log_key=_quoted(log_key)),
    )


def _quoted(text: str) -> str:
    """Return the text as a YAML scalar; a JSON string is one, whatever the text holds."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
