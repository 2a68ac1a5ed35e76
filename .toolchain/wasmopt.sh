#!/usr/bin/env bash
# Runs Binaryen's wasm-opt, which REAL_WASMOPT names, for TinyGo.
#
# TinyGo makes code suspendable (asyncify), and assumes that a module may be suspended in a
# call to its host. No host of ours does that: each import returns before anything else runs.
# So only a goroutine's own waiting suspends, and what merely calls the host stays as it is:
# the page module is a third smaller.
for arg; do
	if [ "$arg" = --asyncify ]; then
		exec "$REAL_WASMOPT" --pass-arg=asyncify-ignore-imports "$@"
	fi
done
exec "$REAL_WASMOPT" "$@"
