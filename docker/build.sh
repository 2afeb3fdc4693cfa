#!/usr/bin/env bash
# The steps that turn a checkout into something that runs. The image and CI run this same script.
set -euo pipefail
cd "$(dirname "$0")/.."
# As the other commands do: what is done here, they find done.
node bin/prepare.mjs
