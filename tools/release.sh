#!/usr/bin/env bash
# A release in one folder, from a clean checkout: wheels and all that they need, sdist, Debian packages and what
# those need of each system, the images that were made, a bill of materials, checksums, and a signature over them.
# `make release KEY=FILE` calls this; docs/install/release.md is its page.
#   KEY=FILE [SUITES="bookworm trixie-amd64"] [DEBS="amd64 arm64"] [UBUNTU_KEYRING=FILE] tools/release.sh PYTHON...
set -euo pipefail
cd "$(dirname "$0")/.."
key=${KEY:?the ssh key to sign with: make release KEY=~/.ssh/id_ed25519}
suites=${SUITES-bookworm trixie jammy noble} arches=${DEBS:-amd64 arm64}
[ -r "$key" ] || { echo "KEY=$key cannot be read: ssh-keygen -t ed25519 -f $key makes one" >&2; exit 1; }
if [ -n "$(git status --porcelain)" ]; then
  echo "The checkout has changes that no commit holds, so nobody could make this release again: git status" >&2
  exit 1
fi
shopt -s nullglob
bundles=(build/bundles/*)
[ ${#bundles[@]} != 0 ] || { echo "No voice in build/bundles, and a release without one says nothing: make bundles" >&2; exit 1; }

# The same commit gives the same files, whenever and wherever it is made.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022
.venv/bin/python -m pip install --quiet 'cyclonedx-python-lib[json-validation]>=11,<12'
version=$(.venv/bin/python -c 'from importlib.metadata import version; print(version("edge-voice"))')
work=$PWD/build/release release=dist/edge-voice-$version
rm -rf "$work" "$release" build/deb
mkdir -p "$work" "$release"/{python,debian,images}

contrib/wheels
.venv/bin/python -c 'import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])' "$release/python"
cp dist/edge_voice-"$version"-*.whl "$release/python"

export OUT=$work
for arch in $arches; do
  for python in "$@"; do contrib/debian/build "$arch" "$python"; done
done
for bundle in "${bundles[@]}"; do contrib/debian/voice "$bundle"; done
cp "$work"/*.deb "$release/debian"
# Those that the Debian packages were made of, so that pip needs no index either.
find build/deb -path '*/wheels/*.whl' -not -name 'edge_voice-*' -exec cp -t "$release/python" {} \;  # several have the same
# And what onnxruntime asks for, of which a board uses nothing: any Python takes these.
for python in "$@"; do
  for arch in $arches; do
    case $arch in amd64) machine=x86_64 ;; *) machine=aarch64 ;; esac
    more=(flatbuffers packaging protobuf)
    [ "$python" != 3.10 ] || more+=(coloredlogs humanfriendly mpmath sympy)
    # shellcheck disable=SC2046  # pins are many
    .venv/bin/python -m pip download --quiet --dest "$release/python" --no-deps --only-binary :all: --python-version "$python" \
      --platform "manylinux2014_$machine" $(contrib/debian/pins "$python" "${more[@]}" <.ci/constraints.txt)
  done
done

for entry in $suites; do
  suite=${entry%-*} its_arches=$arches
  [ "$suite" = "$entry" ] || its_arches=${entry##*-}
  for arch in $its_arches; do
    case $suite in jammy | noble) export KEYRING=${UBUNTU_KEYRING:-} ;; *) unset KEYRING ;; esac
    contrib/debian/offline "$suite" "$arch" >/dev/null
    mkdir -p "$release/system/$suite-$arch"
    cp "$work/$suite-$arch"/system/*.deb "$release/system/$suite-$arch"
  done
done
for image in build/images/*-"$version"*; do cp -t "$release/images" "$image"; done
rmdir --ignore-fail-on-non-empty "$release/images"

bill=edge-voice-$version.cdx.json
.venv/bin/python -m tools.sbom "$release" "$version" >"$work/$bill"
mv "$work/$bill" "$release/$bill"
(cd "$release" && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum) >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" "$release/SHA256SUMS"
ssh-keygen -q -Y sign -n edge-voice-release -f "$key" "$release/SHA256SUMS"
printf 'edge-voice namespaces="edge-voice-release" %s\n' "$(ssh-keygen -y -f "$key")" >"$work/signers"
tools/verify-release.sh "$release" "$work/signers"
du -sh "$release"
echo "Whoever is to trust it needs this line once, by another way than the release: $(cat "$work/signers")"
