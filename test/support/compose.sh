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

secrets=(PERENNIAL_OPERATOR_KEY POSTGRES_PASSWORD MINIO_ROOT_PASSWORD)
for name in "${secrets[@]}"; do export "$name=only-to-read-the-file-with-$name"; done
services() { "${compose[@]}" -f "$file" "$@" config --services | sort | paste -sd' '; }
found=$(services)
[ "$found" = "minio postgres server worker" ] || fail "its services are $found"
found=$(services --profile gpu)
[ "$found" = "minio postgres server worker worker-gpu" ] || fail "with --profile gpu its services are $found"
# Without its secrets it must start nothing: every platform would have the same ones, or some that nobody knows.
for name in "${secrets[@]}"; do
  if refusal=$(export "$name="; "${compose[@]}" -f "$file" config --quiet 2>&1); then
    fail "a missing $name is not refused"
  fi
  [[ $refusal == *"$name is missing a value: set it to "* ]] || fail "a missing $name is refused with: $refusal"
  grep -q "^$name=$" docker/env.example || fail "docker/env.example lacks $name"
done
# What the containers may do, as Docker Compose understands it.
"${compose[@]}" -f "$file" --profile gpu config --format json | node --input-type=module -e '
  import { readFileSync } from "node:fs";
  const { services } = JSON.parse(readFileSync(0, "utf8"));
  const wrong = [];
  const expect = (name, what, holds) => holds || wrong.push(`${name}: ${what}`);
  const own = { server: 1, worker: 1, "worker-gpu": 1 };
  for (const [name, service] of Object.entries(services)) {
    expect(name, "its root file system can be written", service.read_only === true);
    expect(name, "it keeps capabilities", service.cap_drop?.includes("ALL") && !service.cap_add);
    expect(name, "it may gain privileges", service.security_opt?.includes("no-new-privileges:true"));
    expect(name, "it has no /tmp to write to", service.tmpfs?.includes("/tmp"));
    expect(name, "it is reached from elsewhere", (service.ports ?? []).every((port) => port.host_ip === "127.0.0.1"));
    expect(name, "it has no health check", service.healthcheck?.test.length > 1 || name.startsWith("worker"));
    expect(name, "its image has no exact tag", name in own || /:(RELEASE\.[\dTZ-]+|\d+\.\d+[\w.-]*)(@sha256:[0-9a-f]{64})?$/.test(service.image));
    expect(name, "it lacks a variable of its own", !(name in own) || /only-to-read/.test(service.environment.PERENNIAL_S3_URL));
  }
  for (const file of ["docker/Dockerfile", "docker/Dockerfile.gpu"])
    for (const [, image] of readFileSync(file, "utf8").matchAll(/^FROM (\S+)/gm))
      expect(file, `${image} has no exact tag`, /:\d+\.\d+\.\d+-\w+/.test(image));
  if (wrong.length > 0) throw new Error(wrong.join("; "));
' || fail "its containers may do too much"
echo "$file: read by $("${compose[@]}" version | head -n 1)."
