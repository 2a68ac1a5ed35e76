#!/usr/bin/env bash
# Runs Binaryen's wasm-opt, which REAL_WASMOPT names, for TinyGo.
#
# TinyGo makes code suspendable (asyncify), and assumes that a module may be suspended in a
# call to its host. No host of ours does that: each import returns before anything else runs.
# So only a goroutine's own waiting suspends, and what merely calls the host stays as it is:
# the page module is a third smaller.
#
# In the browser module (HOLDFAST_PAGE, set by tinygo.sh) only the functions that suspend.mjs names
# are made suspendable.
args=("$@")
for arg; do
	[ "$arg" = --asyncify ] || continue
	pass=(--pass-arg=asyncify-ignore-imports)
	if [ -n "${HOLDFAST_PAGE:-}" ]; then
		for i in "${!args[@]}"; do
			file=${args[i]}
			if [ -f "$file" ] && [ "${args[i - 1]}" != --output ]; then
				waits=$(node "$(dirname "$0")/suspend.mjs" "$file" "$file.nameless") || exit 1
				args[i]=$file.nameless
				pass+=("--pass-arg=asyncify-onlylist@$waits")
			fi
		done
	fi
	exec "$REAL_WASMOPT" "${pass[@]}" "${args[@]}"
done
exec "$REAL_WASMOPT" "$@"
