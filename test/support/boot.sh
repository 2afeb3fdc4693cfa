#!/usr/bin/env bash
# Boots the built platform in a fresh data directory, waits until it is ready, and stops it again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

PERENNIAL_DATA_DIR="$data" PORT=0 node dist/programs/up.js >"$data/out" 2>&1 &
pid=$!
for _ in $(seq 1 300); do
  grep -qs "Perennial is up" "$data/out" && break
  kill -0 "$pid" 2>/dev/null || { cat "$data/out"; exit 1; }
  sleep 0.2
done
grep -q "Perennial is up" "$data/out" || {
  echo "It is not up after a minute. What it has said:"
  cat "$data/out"
  kill -TERM "$pid"
  exit 1
}
! grep -qF "$(cat "$data/operator.key")" "$data/out" || { echo "The operator key is in the output."; exit 1; }
url=$(sed -n 's/.*is up .*: \(http[^ ]*\) .*/\1/p' "$data/out")
curl --fail --silent --show-error --max-time 10 "$url/health/ready"
echo " from $url: $(sed 's/:.*//' "$data/out" | head -n 1)"
kill -TERM "$pid"
wait "$pid"
