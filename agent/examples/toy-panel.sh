#!/bin/sh
# A toy panel that is licensed by the agent on its machine, with nothing but curl: toy-panel.sh KEY
# It licenses itself, shows what it may do, reports what it uses, waits for the news of it, and looks for updates.
set -eu

key=${1:-${LICENSE_KEY:-}}
agent=${AGENT_URL:-http://127.0.0.1:3082}
token_file=${AGENT_TOKEN_FILE:-/var/lib/mooring-agent/panel-token}

fail() {
  echo "toy-panel: $*" >&2
  exit 1
}

temp=$(mktemp -d)
listener=
clean_up() {
  if [ -n "$listener" ]; then kill "$listener" 2> /dev/null || true; fi
  rm -rf "$temp"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# The daemon makes the token at its first start.
until_it_is_there() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || return 1
    sleep 0.1
  done
}
until_it_is_there test -r "$token_file" || fail "there is no $token_file that I may read; is the agent running?"

# In a file of its own: what is on a command line, every user of the machine can see.
umask 077
printf 'header = "Authorization: Bearer %s"\n' "$(cat "$token_file")" > "$temp/curl"

# call METHOD PATH [BODY]: the answer is in $temp/answer, its status in $status.
call() {
  printf '%s' "${3:-}" > "$temp/body"
  if ! status=$(curl --silent --show-error --config "$temp/curl" --max-time 60 --request "$1" \
    --header 'Content-Type: application/json' --data-binary "@$temp/body" \
    --output "$temp/answer" --write-out '%{http_code}' "$agent/api/v1$2"); then
    return 1
  fi
}

# field NAME: a text, number or truth of the answer. A real panel has a JSON parser.
field() {
  sed -n -e 's/.*"'"$1"'":"\([^"]*\)".*/\1/p' -e 's/.*"'"$1"'":\([^",}]*\)[,}].*/\1/p' "$temp/answer"
}

must() {
  call "$@" || fail "the agent at $agent does not answer"
  case $status in
    2*) ;;
    *) fail "$(field message)" ;;
  esac
}

answers() { call GET /license/ 2> /dev/null; }
until_it_is_there answers || fail "the agent at $agent does not answer"
must GET /license/

# Events come as they happen: the license as it is now, then every change of it.
curl --silent --no-buffer --config "$temp/curl" "$agent/api/v1/license/events" > "$temp/events" &
listener=$!
heard() { grep -q "$1" "$temp/events" 2> /dev/null; }
until_it_is_there heard '^event: license' || fail 'no event came'

if [ "$(field is_valid)" != true ]; then
  [ -n "$key" ] || fail "$(field message)"
  must POST /license/activate "{\"key\":\"$key\"}"
fi
[ "$(field is_valid)" = true ] || fail "$(field message)"
until_it_is_there heard '"is_valid":true' || fail 'the news of the license did not come'
echo "Licensed: $(field key), tier $(field tier), $(field state)"
echo "Limits: $(sed -n 's/.*"limits":\({[^}]*}\).*/\1/p' "$temp/answer")"

must PUT /license/usage '{"accounts":3,"domains":1}'
echo "Usage: $(cat "$temp/answer")"

must GET /version/check
if [ "$(field update_available)" = true ]; then
  echo "Update: $(field latest_version) in place of $(field current_version)"
else
  echo "Version: $(field current_version) is the newest"
fi
