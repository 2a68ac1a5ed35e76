#!/usr/bin/env bash
# Runs TinyGo with this project's root, targets (worker, object, page) and tools:
#   .toolchain/tinygo.sh build -target=object -buildmode=c-shared -o x.wasm ./edge/objectwasm
source "$(dirname "$0")/common.sh"

[ -e "$tc/root/stamp" ] && [ -e "$tc/root/go" ] && [ -x "$tc/bin/tinygo" ] || "$repo/.toolchain/install.sh" tinygo >&2
export TINYGOROOT=$tc/root
REAL_WASMOPT=${WASMOPT:-$(command -v wasm-opt)} || die "wasm-opt is missing: run make tools"
WASMOPT=$repo/.toolchain/wasmopt.sh
export WASMOPT REAL_WASMOPT
for arg; do
	if [ "$arg" = -target=page ]; then export GOROOT=$tc/root/go HOLDFAST_PAGE=1; fi # with overlay/fmt
done
exec "$tc/bin/tinygo" "$@"
