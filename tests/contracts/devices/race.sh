# Rounds of confirm against timer, all at once, each with a folder and a table of its own, through the device's helper.
# Input: the helper's text on standard input; arguments: first round, how many, and for how many hundredths of a second
# before its end the timer is left alone. Output: a line for each round: number, exit codes of both confirmations, what
# became of the commit, which rules run, whether the startup file was written, and what a status asked meanwhile told.
set -u
helper=$(cat)
first=$1 count=$2 lead=$3
base=/run/races
mkdir -p "$base"

call() { # state verb arguments: the helper as the driver sends it
  where=$1
  shift
  sh -c "$helper" murenger-nft "$where" "$where/startup.nft" nft 0badcafe "$@"
}

transaction() { # number chain: replace the round's table by one with that chain
  printf 'table inet race_%s\ndelete table inet race_%s\ntable inet race_%s {\n\tchain %s {\n\t}\n}\n' "$1" "$1" "$1" "$2"
}

payload() { # number
  printf '0badcafe candidate\n'
  transaction "$1" after
  printf '0badcafe rollback\n'
  transaction "$1" before
  printf '0badcafe boot\n# boot\n0badcafe data\n{}\n0badcafe end\n'
}

until_hundredths() { # when: sleep until that many hundredths of seconds since boot
  read -r up _ </proc/uptime
  left=$(($1 - ${up%.*}${up#*.}))
  [ "$left" -le 0 ] || sleep "$((left / 100)).$(printf '%02d' $((left % 100)))"
}

race() { # number lead
  state=$base/$1 id=$(printf '%016x' "$1")
  transaction "$1" before | nft -f -
  payload "$1" | call "$state" commit "$id" 1 >/dev/null || { echo "$1 commit failed"; return; }
  armed=$(cat "$state/pending.$id" "$state/fired.$id" 2>/dev/null | sed -n 's/^armed_at=//p' | head -n 1)
  until_hundredths $((armed + 100 - $2))
  call "$state" status >"$base/told.$1" &
  asked=$!
  call "$state" confirm "$id" >/dev/null 2>&1 &
  rival=$!
  call "$state" confirm "$id" >/dev/null 2>&1
  own=$?
  wait "$rival"
  other=$?
  wait "$asked"
  # Whoever asks meanwhile is told one whole story: what is pending has a time left.
  told=$(grep -E '^(outcome|left|armed_at)=.' "$base/told.$1" | cut -d= -f1 | sort -u | tr '\n' '+')
  # By then the timer has woken up, whoever won; under the lock it has also finished.
  until_hundredths $((armed + 150))
  flock "$state/lock" true
  runs=$(nft list table inet "race_$1" | sed -n 's/^\tchain \(.*\) {$/\1/p')
  became=$(ls "$state" | sed -n "s/\.$id\$//p" | grep -E '^(pending|confirmed|fired|failed|reverted|lost)$' | tr '\n' '+')
  saved=$([ -f "$state/startup.nft" ] && echo saved || echo unsaved)
  echo "$1 $own $other $became $runs $saved $told"
  nft delete table inet "race_$1"
  rm -rf "$state"
}

number=$first
while [ "$number" -lt $((first + count)) ]; do
  # Some long before, so that confirming wins, some about then, and some too late.
  case $((number % 6)) in
    0) race "$number" 90 & ;;
    1) race "$number" $((lead + 40)) & ;;
    2) race "$number" $((lead + 15)) & ;;
    3) race "$number" $((lead + 5)) & ;;
    4) race "$number" "$lead" & ;;
    5) race "$number" $((lead - 10)) & ;;
  esac
  number=$((number + 1))
done
wait
