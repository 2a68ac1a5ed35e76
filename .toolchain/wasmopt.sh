#!/usr/bin/env bash
# Runs Binaryen's wasm-opt, which REAL_WASMOPT names, for TinyGo.
#
# TinyGo makes code suspendable (asyncify), and assumes that a module may be suspended in a
# call to its host. No host of ours does that: each import returns before anything else runs.
# So only a goroutine's own waiting suspends, and what merely calls the host stays as it is:
# the page module is a third smaller.
#
# In the browser module (HOLDFAST_PAGE, set by tinygo.sh) only the functions that suspend.mjs names
# are made suspendable. It compares what asyncify has made with that, before anything is inlined. With
# HOLDFAST_CHECKED=FILE it writes there the module that traps if another function is suspended.
set -euo pipefail
asyncify= input= output=
args=("$@")
for i in "${!args[@]}"; do
	case ${args[i]} in
	--asyncify) asyncify=$i ;;
	-o | --output) output=${args[i + 1]-} ;;
	-*) ;;
	*) [ "${args[i]}" = "$output" ] || input=$i ;;
	esac
done
pass=--pass-arg=asyncify-ignore-imports
if [ -z "$asyncify" ]; then
	exec "$REAL_WASMOPT" "$@"
elif [ -z "${HOLDFAST_PAGE:-}" ]; then
	exec "$REAL_WASMOPT" "$pass" "$@"
fi

suspend=$(dirname "$0")/suspend.mjs
[ -n "$input" ] && [ -n "$output" ] || {
	echo "holdfast: TinyGo calls wasm-opt otherwise than .toolchain/wasmopt.sh knows: $*" >&2
	exit 1
}
module=${args[input]}
waits=$(node "$suspend" "$module" "$module.nameless")
"$REAL_WASMOPT" "$pass" "--pass-arg=asyncify-onlylist@$waits" --optimize-level=2 --shrink-level=2 --asyncify -g "$module.nameless" -o "$module.async"
node "$suspend" --made "$module" "$module.async" ${HOLDFAST_CHECKED:+"$HOLDFAST_CHECKED"}
unset "args[$asyncify]"
args[input]=$module.async
exec "$REAL_WASMOPT" "${args[@]}"
