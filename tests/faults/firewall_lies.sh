#!/bin/sh
# Stands in front of nft on a lab firewall, and lies as told.
#
# Input: nft's arguments; the lie and its value in /run/fault-lab/kind and /run/fault-lab/value. Output: nft's, or not.
kind=$(cat /run/fault-lab/kind)
value=$(cat /run/fault-lab/value)
for real in /usr/sbin/nft /sbin/nft /usr/bin/nft; do [ -x "$real" ] && break; done
strike() { echo "$kind" >>/run/fault-lab/struck; }

doing=other
case "$*" in
  *"list ruleset"*) doing=list ;;
  "-f "*/candidate.*) doing=apply ;;
  "-f "*/rollback.*) doing=restore ;;
esac
case "$kind $doing" in
  "truncate list") strike; "$real" "$@" | head -n "$value" ;;
  "empty list") strike ;;
  "other-device list") strike; "$real" "$@" | sed 's/ drop/ accept/' ;;
  "prompt apply") strike; echo "proceed? [y/n]"; exit 1 ;;
  "ignore-commit apply") strike ;;
  "ignore-revert restore") strike ;;
  "skip-line apply")
    strike
    lines=$(grep -n 'comment "' "$2" | cut -d: -f1)
    set -- "$2" $lines
    candidate=$1
    shift
    [ "$#" -gt 0 ] || exec "$real" -f "$candidate"
    shift "$((value % $#))"
    sed "${1}d" "$candidate" >/run/fault-lab/candidate
    exec "$real" -f /run/fault-lab/candidate ;;
  *) exec "$real" "$@" ;;
esac
