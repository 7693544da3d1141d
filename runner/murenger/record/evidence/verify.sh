#!/bin/sh
# verify.sh [--trust DIR] [--anchor FILE] [--fast] [PACK]
#
# Is this evidence pack what the runner signed, whole and in order? Needs ssh-keygen (9.1 or later), openssl, sha256sum or
# shasum, and the POSIX tools. Nothing inside a pack can vouch for the pack: take this script, and the folder for --trust
# (allowed_signers, tsa-roots.pem, krl), from somewhere else. FILE has a line "NUMBER SHA256" for each head of the log that
# somebody else kept. --fast leaves out what was signed one by one, where the seal of a day covers it.
# Exit code: 0 no fault found, 1 faults, 2 it could not be checked.
# shellcheck disable=SC2015,SC2030,SC2031,SC2034,SC2046,SC2086,SC2254 # words are split, and && || chained, on purpose
LC_ALL=C; export LC_ALL; unset CDPATH
pack=$(dirname -- "$0") trust='' heads='' fast='' krl='' roots='' day='' next='' want='' held='' three='[0-9][0-9][0-9]'
fault() { printf 'FAULT %s: %s\n' "$1" "$2"; }
warn() { printf 'warning: %s\n' "$1" >&3; }
die() { printf 'TROUBLE: %s\n' "$1" >&2; exit 2; }
text() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$2"; } # the last value of a name in a line of JSON
signed() { # FILE SIGNATURE ROLE: print who signed, if an allowed signer did, in that role, with a key valid at $at
  ssh-keygen -Y find-principals -O "verify-time=${at}Z" -f "$signers" -s "$2" 2>/dev/null | while IFS= read -r who; do
    ssh-keygen -Y verify ${krl:+-r "$krl"} -O "verify-time=${at}Z" -f "$signers" -I "$who" -n "$3@murenger" -s "$2" \
      <"$1" >/dev/null 2>&1 && printf '%s\n' "$who" && break
  done | grep .
}
epoch() { # YYYYMMDDhhmmss in seconds; a year begins in March here, so that the leap day ends it
  set -- $(printf %s "$1" | sed 's/\(....\)\(..\)\(..\)\(..\)\(..\)\(..\)/\1 1\2 1\3 1\4 1\5 1\6/')
  y=$(($1 - ($2 < 103))) m=$((($2 - 91) % 12))
  echo $(((365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + $3) * 86400 + $4 * 3600 + $5 * 60 + $6 - 62171127700))
}
stamped() { # FILE TOKEN: print when a trusted time-stamping authority saw the file
  set -- "$1" "$2" $(openssl ts -reply -in "$2" -text 2>/dev/null | sed -n 's/^Time stamp: \(.*\) GMT$/\1/p' | tr : ' ')
  [ $# -eq 8 ] && months=JanFebMarAprMayJunJulAugSepOctNovDec months=${months%%"$3"*} || return 1
  t=$(printf '%s%02d%02d%s%s%.2s' "$8" $((${#months} / 3 + 1)) "$4" "$5" "$6" "$7")
  openssl ts -verify -attime "$(epoch "$t")" -data "$1" -in "$2" -CAfile "$roots" >/dev/null 2>&1 || return 1
  openssl ts -verify -data "$1" -in "$2" -CAfile "$roots" >/dev/null 2>&1 || warn "$2: its certificate has expired since"
  echo "$t"
}
manifest() { # FOLDER: is its SHA256SUMS well formed, signed by the runner, and true?
  grep -qEv '^[0-9a-f]{64}  (\.\./[0-9-]{10}/SHA256SUMS|[A-Za-z0-9][A-Za-z0-9@._-]*(/[A-Za-z0-9][A-Za-z0-9@._-]*)*)$' \
    "$1/SHA256SUMS" && fault "$1/SHA256SUMS" 'seal-malformed: a line that is not a digest and a plain name'
  signed "$1/SHA256SUMS" "$1/SHA256SUMS.sig" change-record >/dev/null || fault "$1/SHA256SUMS.sig" 'seal-signature: not good'
  (cd "$1" && $sum -c SHA256SUMS 2>/dev/null) | sed -n "/: OK\$/!s|^|FAULT $1/|p"
}
unlisted() { # every file that no manifest lists, or that a manifest lists and that is not there
  for d in days/*; do
    [ ! -d "$d/records" ] || [ ! -f "$d/SHA256SUMS" ] || cut -c67- "$d/SHA256SUMS" | sed "/^\.\./d;s|^|$d/|"
  done | { cat; find . -type f | cut -c3-; printf 'SHA256SUMS\nSHA256SUMS.sig\n'; cut -c67- SHA256SUMS; } | sort | uniq -u
}
day() { # the seal of a day; sets $at, the time that its keys are judged by
  at=$(printf %s "${day#days/}" | tr -d -)235959 end=$(epoch "$at") sealed='' token=$day/SHA256SUMS.tsr
  [ -d "$day/records" ] || { [ -z "$previous" ] || fault "$day" 'day-chain: it has no records'; return; }
  [ -f "$day/SHA256SUMS" ] && sealed=yes || { warn "$day has no seal yet"; return; }
  [ -z "$previous" ] || grep -q "  \.\./${previous#days/}/SHA256SUMS\$" "$day/SHA256SUMS" ||
    fault "$day/SHA256SUMS" "day-chain: does not follow $previous"
  if [ -z "$roots" ] || [ ! -f "$token" ]; then warn "$day has no time stamp to check: keys are judged by a claimed time"
  elif t=$(stamped "$day/SHA256SUMS" "$token"); then at=$t; else fault "$token" 'timestamp-bad: not over this seal'; fi
  [ $(($(epoch "$at") - end)) -le 86400 ] || fault "$token" 'seal-late: stamped more than a day after the day had ended'
  manifest "$day"
}
record() { # its place in the chain, its signature, and that what it cites is there
  n=${file##*/} n=$((1${n%.json} - 1000000000))
  [ -n "$next" ] || { next=$n want=$(sed -n "s/  records.$(printf %09d $((n - 1))).json\$//p" "${previous:-days}/SHA256SUMS" 2>/dev/null); }
  [ "$n" -gt 0 ] || want=0000000000000000000000000000000000000000000000000000000000000000
  [ -n "$want" ] || warn "$file: nothing in the pack tells the record before it"
  [ "$n" -eq "$next" ] || fault "$file" "sequence: record $next should stand here"
  grep -q '"prev_record_sha256":"'"${want:-[0-9a-f]*}"'".*"seq":'"$n"'[,}]' "$file" || fault "$file" 'chain-break: not the next record'
  next=$((n + 1)) want=$digest cited=$(text decision_sha256 "$file")
  [ -z "$cited" ] || [ -f "$day/decisions/$cited.json" ] || fault "$day/decisions/$cited.json" "decision-mismatch: $file cites it"
  [ "$fast$sealed" = yesyes ] || signed "$file" "$file.sig" change-record >/dev/null ||
    fault "$file.sig" "record-signature: not the runner's over this record, with a key good at $at"
}
decision() { # what a person signed, in the role of its type
  role=$(text type "$file")
  case $role in plan | standing-change) role=change-approval ;; esac
  [ "${file##*/}" = "$digest.json" ] || fault "$file" 'decision-mismatch: other bytes than its name says'
  for signature in "$file"*.sig; do
    who=$(signed "$file" "$signature" "$role") || fault "$signature" "decision-mismatch: not signed by one who may, as $role"
    [ "${who:-nobody}" != "$(text author "$file")" ] || fault "$signature" "approval-self: $who approved what $who wrote"
  done
}
anchors() { # is each head that somebody else kept still here?
  [ -n "$next" ] || { fault days 'empty-log: not one record'; return; }
  [ -n "$heads" ] || warn 'no --anchor: records cut from the end, or a log rewritten with a stolen key, would not show'
  while read -r n digest more; do
    [ -n "$n" ] && set -- $(printf 'days/*/records/%09d.json' "$n") && held=$n || continue
    if [ -f "$1" ]; then [ "$($sum "$1" | cut -c-64)" = "$digest" ] || fault "$1" "rewritten: the anchor has another record $n"
    elif [ "$n" -lt "$next" ]; then warn "the anchor's record $n lies before this pack: it says nothing about it"
    else fault days "truncated: the anchor has record $n, the pack ends at $((next - 1)); or the anchor is younger than it"; fi
  done <<EOF
$heads
EOF
  echo "the last record is $((next - 1))${held:+; anchored to $held, and nothing is promised beyond}"
}
check() {
  odd=$(find . \( ! -type f ! -type d \) -o -name '*[!A-Za-z0-9@._-]*' | sed -n l | tr '\n' ' ')
  [ -z "$odd" ] || { fault "$odd" 'not a plain file or folder with a plain name, so nothing else was checked'; echo END; return; }
  unlisted | while read -r name; do fault "$name" 'extra-file or missing: no manifest lists it, or one does and it is not there'; done
  find days/[0-9]$three-[0-9][0-9]-[0-9][0-9] -type f -exec $sum {} + 2>/dev/null | sort -k 2 | {
    while read -r digest file; do
      d=${file#days/} d=days/${d%%/*}
      [ "$d" = "$day" ] || { previous=$day day=$d; day; }
      case $file in
        "$day"/records/$three$three$three.json) record ;;
        "$day"/decisions/*.json) [ "$fast$sealed" = yesyes ] || decision ;;
      esac
    done
    anchors
  }
  at=$(text made_at evidence.json | tr -dc 0-9 | cut -c-14)
  manifest .
  echo END
}
while [ $# -gt 0 ]; do
  case $1:${2:-} in
    --trust:?*) trust=$(cd -- "$2" && pwd) || die "there is no folder $2"; shift ;;
    --anchor:?*) heads=$(tr -d '\r' <"$2") && [ -n "$heads" ] || die "$2 holds no anchor"; shift ;;
    --fast:*) fast=yes ;;
    -*) die 'usage: verify.sh [--trust DIR] [--anchor FILE] [--fast] [PACK]' ;;
    *) pack=$1 ;;
  esac
  shift
done
printf '%s\n' "$heads" | grep -qEv '^((0|[1-9][0-9]{0,8}) [0-9a-f]{64}( .*)?)?$' && die 'the anchor is not lines of NUMBER SHA256'
cd -- "$pack" && [ -d days ] || die "there is no pack in $pack"
sum=sha256sum; command -v $sum >/dev/null || sum='shasum -a 256'
[ -n "$trust" ] || { trust=$PWD/trust; echo 'warning: no --trust: keys from inside the pack show only that it fits itself'; }
signers=$trust/allowed_signers
[ -f "$signers" ] || die "there is no $signers"
grep -Ev '^[[:space:]]*(#|$)' "$signers" | grep -Eqv '^[^ ]+ ([^ ]*,)?namespaces="[^"]' && die "$signers has a key for every role"
[ ! -f "$trust/krl" ] || krl=$trust/krl
[ ! -f "$trust/tsa-roots.pem" ] || roots=$trust/tsa-roots.pem
said=$(check 3>&1)
printf '%s\n' "$said" | grep -v '^END$'
case $said in *END) ;; *) die 'the check broke off' ;; esac
case $said in *FAULT\ *) exit 1 ;; *) echo 'no fault found' ;; esac
