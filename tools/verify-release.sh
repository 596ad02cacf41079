#!/usr/bin/env bash
# Whether a release is as its publisher signed it: every file, and no file more.
#   tools/verify-release.sh FOLDER SIGNERS        SIGNERS: the publisher's line, as ssh-keygen(1) describes ALLOWED SIGNERS
set -euo pipefail
folder=${1:?a release} signers=$(realpath "${2:?the file with the publishers key}")
cd "$folder"
ssh-keygen -Y verify -n edge-voice-release -I edge-voice -f "$signers" -s SHA256SUMS.sig <SHA256SUMS
sha256sum --check --strict --quiet SHA256SUMS
unknown=$(comm -13 <(sed 's/^.\{66\}//' SHA256SUMS | sort) <(find . -mindepth 1 -not -type d -printf '%P\n' | grep -vx 'SHA256SUMS\(\.sig\)\?' | sort))
[ -z "$unknown" ] || { printf 'Nobody signed: %s\n' "$unknown" >&2; exit 1; }
echo "$(wc -l <SHA256SUMS) files, each as it was signed"
