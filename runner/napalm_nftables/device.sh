#!/bin/sh
# Device side of the NAPALM driver napalm_nftables: one fixed script, the only thing that changes a firewall.
#
# It is either sent by the driver with each call, or installed root-owned, mode 0755, as /usr/local/sbin/murenger-nft
# and reached through sudo. Installed, it takes its paths from /etc/murenger-nft.conf and never from the caller.
#
# Input: a mark (a nonce), a verb and its arguments; texts on standard input between lines "MARK name".
# Output: texts on standard output between lines "MARK name"; the exit code says what happened (see fail, below).
#
# A commit with a timer: lock, list, receive, check, write rollback, write pending.ID, arm, apply. The rename of
# pending.ID decides between confirm, revert and timer: rename(2) has one winner, and a loser does nothing.
set -u
umask 077
LC_ALL=C
PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

CONF=/etc/murenger-nft.conf
state=/run/murenger-nft
startup=
nft=nft
mark=
verb=

fail() { # code message: end with that code
  printf '%s\n' "$2" >&2
  exit "$1"
}

settings_from_conf() {
  [ -f "$CONF" ] || return 0
  [ "$(stat -c %u "$CONF")" = 0 ] && [ -z "$(find "$CONF" -perm /022)" ] || fail 71 "$CONF must be writable by root alone"
  while IFS='=' read -r key value; do
    case $key in
      state_dir) state=$value ;;
      startup_file) startup=$value ;;
      nft) nft=$value ;;
      '' | '#'*) ;;
      *) fail 64 "$CONF: unknown setting" ;;
    esac
  done <"$CONF"
}

hex() { # text: succeed if it is a nonce
  case $1 in '' | *[!0-9a-f]*) return 1 ;; esac
}

say() { printf '%s %s\n' "$mark" "$1"; }

section() { # name: print that part of the payload
  printf '%s\n' "$payload" | sed -n "/^$mark $1\$/,/^$mark /p" | sed '1d;$d'
}

receive() { # read the payload; a cut one ends here, before anything was touched
  payload=$(timeout 60 cat) || fail 65 "the text did not arrive in time"
  # What stands before the first mark is not ours (an answer that sudo did not ask for).
  payload=$(printf '%s\n' "$payload" | sed -n "/^$mark /,\$p")
  [ "$(printf '%s\n' "$payload" | tail -n 1)" = "$mark end" ] || fail 65 "the text did not arrive whole"
}

refuse_include() { # nft text on standard input: no `include` outside quotes and comments
  awk '
    BEGIN { quoted = 0; bad = 0 }
    {
      line = $0; bare = ""
      while (line != "") {
        if (quoted) {
          at = index(line, "\"")
          if (!at) break
          quoted = 0; bare = bare " "; line = substr(line, at + 1)
        } else if (match(line, /["#]/)) {
          bare = bare substr(line, 1, RSTART - 1)
          if (substr(line, RSTART, 1) == "#") break
          quoted = 1; line = substr(line, RSTART + 1)
        } else { bare = bare line; break }
      }
      if (bare ~ /(^|[^A-Za-z_.\/-])include($|[^A-Za-z0-9_.\/-])/) bad = 1
    }
    END { exit (bad || quoted) ? 1 : 0 }' || fail 79 "include is refused"
}

refuse_includes() { # section names
  for name in "$@"; do section "$name" | refuse_include || exit 79; done
}

tools() { # names: all of them must be there
  for tool in "$@"; do command -v "$tool" >/dev/null || fail 69 "$tool is missing on this device"; done
}

hundredths() { # seconds since boot, times 100
  read -r up _ </proc/uptime
  up=${up%.*}${up#*.}
  printf '%s\n' "${up#"${up%%[!0]*}"}"
}

open_state() {
  tools flock setsid sha256sum timeout "$nft"
  mkdir -p "$state" 2>/dev/null
  [ -d "$state" ] && [ ! -L "$state" ] && [ "$(stat -c %u "$state")" = "$(id -u)" ] && chmod 700 "$state" ||
    fail 71 "$state is no folder of our own"
  exec 9>>"$state/lock"
  flock -w 5 9 || fail 75 "another session holds the lock"
}

pending_id() { # print the id of the pending commit; fail without one
  for file in "$state"/pending.*; do
    [ -f "$file" ] || return 1
    printf '%s\n' "${file##*/pending.}"
    return 0
  done
}

field() { printf '%s\n' "$1" | sed -n "s/^$2=//p" | head -n 1; } # text name: print a field of a state file's text

left() { # text of a state file: print the hundredths of seconds left; "lost" after a reboot
  if [ "$(field "$1" boot)" != "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    echo lost
    return
  fi
  echo $(($(field "$1" armed_at) + $(field "$1" seconds) * 100 - $(hundredths)))
}

outcome() { # id: print what became of a commit
  for name in pending confirmed fired failed reverted lost; do
    if [ -f "$state/$name.$1" ]; then
      echo "$name"
      return 0
    fi
  done
  return 1
}

restore() { # id: load the rollback file; try a few times, since there is nobody to ask
  for attempt in 1 2 3 4 5; do
    if "$nft" -f "$state/rollback.$1" 2>"$state/error.$1"; then
      rm -f "$state/error.$1"
      return 0
    fi
    [ "$attempt" = 5 ] || sleep 1
  done
  return 1
}

settle() { # a timer that died, or a reboot, leaves a pending commit that nobody ends: end it (lock is held)
  stale=$(pending_id) || return 0
  # The timer may rename it at any moment; whoever finds nothing left to read leaves the rest to it.
  held=$(cat "$state/pending.$stale" 2>/dev/null) || return 0
  rest=$(left "$held")
  if [ "$rest" = lost ]; then
    mv "$state/pending.$stale" "$state/lost.$stale" 2>/dev/null
  elif [ "$rest" -lt -500 ] && mv "$state/pending.$stale" "$state/fired.$stale" 2>/dev/null; then
    restore "$stale"
  fi
  return 0
}

save_startup() { # id: replace the startup file in one step
  new=$startup.new.$1
  cp "$state/boot.$1" "$new" && sync "$new" && mv "$new" "$startup" && return 0
  rm -f "$new"
  fail 81 "confirmed and running, but the startup file could not be written"
}

arm() { # id seconds: start the timer that reverts; it survives this session and needs nothing of it
  timer='
    state=$1 id=$2 seconds=$3 nft=$4
    trap "" HUP INT TERM
    : >"$state/armed.$id"
    sleep "$seconds"
    exec 9>>"$state/lock"
    flock -w 30 9
    mv "$state/pending.$id" "$state/fired.$id" 2>/dev/null || exit 0
    for attempt in 1 2 3 4 5; do
      if "$nft" -f "$state/rollback.$id" 2>"$state/error.$id"; then rm -f "$state/error.$id"; exit 0; fi
      sleep 1
    done
    exit 1'
  setsid sh -c "$timer" murenger-nft-timer "$state" "$1" "$2" "$nft" </dev/null >/dev/null 2>&1 9>&- &
  if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
    # A second timer, where systemd may end what a session left behind. Two timers are no harm: one rename wins.
    systemd-run --quiet --collect --on-active="$2" --timer-property=AccuracySec=100ms \
      sh -c "$timer" murenger-nft-timer "$state" "$1" 0 "$nft" </dev/null >/dev/null 2>&1 9>&-
  fi
  waited=0
  until [ -f "$state/armed.$1" ]; do
    [ "$waited" -lt 100 ] || return 1
    waited=$((waited + 1))
    sleep 0.1
  done
}

settings() { printf 'state_dir=%s\nstartup_file=%s\n' "$state" "$startup"; }

send_live() { # the listings that a decision needs: full first, so that the later one shows any change between
  say full
  "$nft" list ruleset || fail 70 "the rule set could not be listed"
  say stateless
  "$nft" -s list ruleset || fail 70 "the rule set could not be listed"
  say startup
  if [ -f "$startup" ]; then awk 1 "$startup"; fi
  say settings
  settings
  say go
}

check_parts() { # judge both transactions against the live rules; nothing changes
  refuse_includes candidate rollback
  section candidate | "$nft" -c -f - || fail 66 "the candidate was refused"
  section rollback | "$nft" -c -f - || fail 67 "the way back was refused"
}

do_scratch() { # canonicalise: load base, then text, in a network namespace of its own, and list
  tools unshare timeout "$nft"
  say go
  receive
  refuse_includes base text
  if [ "$(id -u)" = 0 ]; then apart='unshare -n'; else apart='unshare -rn'; fi
  # shellcheck disable=SC2086 # two words on purpose
  printf '%s\n' "$payload" | timeout 60 $apart sh -c '
    mark=$1 nft=$2
    payload=$(cat)
    section() { printf "%s\n" "$payload" | sed -n "/^$mark $1\$/,/^$mark /p" | sed "1d;\$d"; }
    section base | "$nft" -f - || exit 68
    section text | "$nft" -f - || exit 66
    printf "%s listing\n" "$mark"
    "$nft" -s list ruleset || exit 70
    printf "%s done\n" "$mark"' murenger-nft-scratch "$mark" "$nft"
}

do_check() {
  send_live
  receive
  check_parts
  say "done"
}

do_commit() { # id seconds; seconds 0: at once and for good
  id=$1 seconds=$2
  hex "$id" || fail 64 "bad id"
  case $seconds in '' | *[!0-9]* | ??????*) fail 64 "bad seconds" ;; esac
  open_state
  settle
  if pending_id >/dev/null; then
    report
    fail 76 "a commit is pending"
  fi
  send_live
  receive
  # From here on the work is finished whether or not anybody still listens: the timer is the way back.
  trap '' PIPE HUP
  check_parts
  for old in "$state"/*.????????????????*; do
    case ${old##*.} in *[!0-9a-f]*) ;; *) rm -f "$old" ;; esac
  done
  section candidate >"$state/candidate.$id" && section rollback >"$state/rollback.$id" &&
    section boot >"$state/boot.$id" && write_state >"$state/state.$id" &&
    sync "$state/candidate.$id" "$state/rollback.$id" "$state/boot.$id" "$state/state.$id" &&
    echo "$id" >"$state/last" && mv "$state/state.$id" "$state/pending.$id" ||
    fail 71 "the state could not be written"
  if [ "$seconds" -gt 0 ] && ! arm "$id" "$seconds"; then
    mv "$state/pending.$id" "$state/failed.$id"
    fail 78 "the timer could not be armed"
  fi
  if ! "$nft" -f "$state/candidate.$id"; then
    mv "$state/pending.$id" "$state/failed.$id" || restore "$id"
    fail 68 "the candidate could not be applied"
  fi
  if [ "$seconds" -gt 0 ]; then
    [ -f "$state/pending.$id" ] || { restore "$id"; fail 82 "the timer ran out while applying"; }
  else
    mv "$state/pending.$id" "$state/confirmed.$id"
    save_startup "$id"
  fi
  say "done"
}

write_state() {
  printf 'user=%s\n' "$(printf '%s' "${SUDO_USER:-$(id -un)}" | tr -cd 'A-Za-z0-9._@-')"
  printf 'boot=%s\narmed_at=%s\nseconds=%s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(hundredths)" "$seconds"
  printf 'data=%s\n' "$(section data | head -n 1)"
}

wanted() { # id or "any": find the pending commit it means, as $id (lock is held)
  settle
  id=$(pending_id) || { report; fail 77 "no commit is pending"; }
  [ "$1" = any ] || [ "$1" = "$id" ] || { report; fail 77 "that commit is not pending"; }
}

do_confirm() { # id or "any"
  open_state
  wanted "$1"
  mv "$state/pending.$id" "$state/confirmed.$id" 2>/dev/null || { report; fail 77 "the timer won"; }
  save_startup "$id"
  say "done"
}

do_revert() { # id or "any": go back now instead of later
  open_state
  wanted "$1"
  mv "$state/pending.$id" "$state/reverted.$id" 2>/dev/null || { report; fail 77 "the timer won"; }
  restore "$id" || fail 68 "the way back could not be applied"
  say "done"
}

report() { # the last commit and what became of it; changes nothing
  last=$(pending_id) || last=$(cat "$state/last" 2>/dev/null) || return 0
  hex "$last" || return 0
  for attempt in 1 2 3; do # it may be renamed between looking and reading
    became=$(outcome "$last") || return 0
    told=$(cat "$state/$became.$last" 2>/dev/null) && break
  done
  say commit
  printf 'id=%s\noutcome=%s\n' "$last" "$became"
  if [ "$became" = pending ]; then printf 'left=%s\n' "$(left "$told")"; fi
  if [ -f "$state/error.$last" ]; then echo 'restored=no'; fi
  printf '%s\n' "$told"
}

do_status() {
  report
  say "done"
}

do_last() { # the last commit with its way back
  report
  if [ -n "${last:-}" ] && [ -f "$state/rollback.$last" ]; then
    say rollback
    cat "$state/rollback.$last"
  fi
  say "done"
}

do_startup() {
  say startup
  if [ -f "$startup" ]; then awk 1 "$startup"; fi
  say "done"
}

case $0 in
  */*) settings_from_conf ;;
  *)
    # Sent with the call: the caller already has the rights it has, so it may name its paths.
    state=$1 startup=$2 nft=$3
    shift 3
    ;;
esac
startup=${startup:-$state/startup.nft}
[ $# -ge 2 ] || fail 64 "usage: murenger-nft MARK VERB [ARGUMENT...]"
mark=$1 verb=$2
shift 2
hex "$mark" || fail 64 "bad mark"
case $verb in
  scratch) do_scratch ;;
  check) do_check ;;
  commit) do_commit "${1:-}" "${2:-}" ;;
  confirm) do_confirm "${1:-any}" ;;
  revert) do_revert "${1:-any}" ;;
  status) do_status ;;
  last) do_last ;;
  startup) do_startup ;;
  *) fail 64 "unknown verb" ;;
esac
