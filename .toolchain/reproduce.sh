#!/usr/bin/env bash
# Makes the release once more, from the same files in another folder, and compares the sums.
#
#   .toolchain/reproduce.sh BUILD-DIR
#
# It compiles everything again, which takes minutes. The tools are the same; what it shows is that
# no folder's name, no time and no order of a listing is in what is published.
source "$(dirname "$0")/common.sh"
cd "$repo"

other=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-again-XXXXXX")
trap 'rm -rf "$other"' EXIT
began=$SECONDS
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$other"
mkdir -p "$other/.build/toolchain"
cp -a "$tc/bin" "$other/.build/toolchain/"
[ ! -e "$tc/tinygo.stamp" ] || cp "$tc/tinygo.stamp" "$other/.build/toolchain/"
cp -a node_modules "$other/"
env -u MAKEFLAGS -u MAKELEVEL make -C "$other" --no-print-directory release
diff "$1/dist/SHA256SUMS" "$other/$1/dist/SHA256SUMS" || die "the two releases differ"
say "two folders, one release: the same bytes ($((SECONDS - began)) s)"
