#!/usr/bin/env bash
# Checks docker/compose.yaml with Docker's own reader of such files, which needs no container engine: the installed one,
# else the one in Debian's package `docker-compose` (13 MB), from wherever this system has its packages, unpacked into a
# cache; nothing is installed. The package of Debian 12 is of a time before the file's format, so a newer Debian's is taken.
set -euo pipefail
cd "$(dirname "$0")/../.."
file=docker/compose.yaml
suite=trixie
cache="${XDG_CACHE_HOME:-$HOME/.cache}/perennial-test"
keys=/usr/share/keyrings/debian-archive-keyring.gpg

# Unpacked aside and renamed, so that an interrupted download is never taken for a program.
fetch() {
  command -v apt-get dpkg-deb >/dev/null && [ -r "$keys" ] || return 1
  local mirror
  mirror=$(apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Created-By: Packages' | sed -n '/^main .*\/debian\/$/s/^main //p' | head -n 1)
  [ -n "$mirror" ] || return 1
  mkdir -p "$cache"
  directory=$(mktemp -d "$cache/compose-XXXXXX")
  trap 'rm -rf "$directory"' EXIT
  mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial"
  echo "deb [signed-by=$keys] $mirror $suite main" >"$directory/sources.list"
  local options=(-o "Dir::Etc::SourceList=$directory/sources.list" -o Dir::Etc::SourceParts=-
    -o "Dir::State::Lists=$directory/lists" -o "Dir::Cache=$directory/cache" -o APT::Sandbox::User=root
    -o Acquire::Languages=none -o Acquire::http::Timeout=20 -o Acquire::Retries=1)
  (cd "$directory" && apt-get "${options[@]}" --quiet update && apt-get "${options[@]}" --quiet download docker-compose) >&2
  dpkg-deb --extract "$directory"/docker-compose_*.deb "$directory/unpacked"
  mv "$directory/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$cache/docker-compose"
}

if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
elif docker-compose version --short 2>/dev/null | grep -q '^v\?[2-9]'; then
  compose=(docker-compose)
elif [ -x "$cache/docker-compose" ] || fetch; then
  compose=("$cache/docker-compose")
else
  echo "Docker Compose is neither here nor to be had: $file was not checked."
  exit 0
fi

fail() { echo "$file: $*" >&2; exit 1; }

export PERENNIAL_OPERATOR_KEY=only-to-read-the-file-with
services() { "${compose[@]}" -f "$file" "$@" config --services | sort | paste -sd' '; }
found=$(services)
[ "$found" = "minio postgres server worker" ] || fail "its services are $found"
found=$(services --profile gpu)
[ "$found" = "minio postgres server worker worker-gpu" ] || fail "with --profile gpu its services are $found"
# Without a key it must start nothing: every platform would have the same one, or one that nobody knows.
if refusal=$(PERENNIAL_OPERATOR_KEY='' "${compose[@]}" -f "$file" config --quiet 2>&1); then
  fail "a missing PERENNIAL_OPERATOR_KEY is not refused"
fi
[[ $refusal == *"PERENNIAL_OPERATOR_KEY is missing a value: set it to at least 24 random characters"* ]] ||
  fail "a missing PERENNIAL_OPERATOR_KEY is refused with: $refusal"
echo "$file: read by $("${compose[@]}" version | head -n 1)."
