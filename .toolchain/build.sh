#!/usr/bin/env bash
# Compiles one WebAssembly module, if any of its sources has changed.
#
#   .toolchain/build.sh front|http|object|page OUT-DIR      COMPILER=tinygo|go
#
# It compares content, not time stamps: a module takes up to a minute, and a fresh
# checkout, a touched file or an edited test must cost nothing.
source "$(dirname "$0")/common.sh"
cd "$repo"

name=$1 out=$2
COMPILER=${COMPILER:-tinygo}

case $name in
http) pkg=./edge/httpwasm target=worker file=http.wasm opt=z goos=js ;;
# Every connect runs the front module and every frame the object module. They have no
# scheduler, because suspendable code is slower. They target wasip1, because for js package
# time brings syscall/js into every module. Both are optimised for size: the object module
# is a sixth smaller with s than with 2, and 3 % smaller again with z; the front module is
# 18 % smaller with s.
front) pkg=./edge/frontwasm target=object file=front.wasm opt=s goos=wasip1 ;;
object) pkg=./edge/objectwasm target=object file=object.wasm opt=z goos=wasip1 ;;
page) pkg=./wasm target=page file=holdfast.wasm opt=z goos=js ;;
*) die "no such module: $name (there are front, http, object, page)" ;;
esac
# There is one mode for modules, whatever the web files are built for. -opt=1 would take half as long again as -opt=z,
# because less optimised code is more work for wasm-opt.

optimise=() beside=()
case $COMPILER in
tinygo)
	build=("$repo/.toolchain/tinygo.sh" build "-target=$target" "-opt=$opt" -no-debug)
	[ $goos = wasip1 ] && build+=(-buildmode=c-shared -scheduler=none)
	# A panic prints its value with methods that may wait, so all that may panic might: it would take a
	# quarter of the page's module. So there it is a trap without words; whoever looks for its cause takes
	# the module that still has the functions' names (README.md). The checked one is suspend.mjs's.
	[ $name = page ] && build+=(-panic=trap) && beside=(holdfast.named.wasm holdfast.checked.wasm)
	# TinyGo runs Binaryen only to make calls suspendable, so only with a scheduler. Another
	# run, for size, makes every packed module 3 % smaller.
	optimise=("${WASMOPT:-wasm-opt}" "-O$opt" --enable-bulk-memory --enable-mutable-globals --enable-nontrapping-float-to-int --enable-sign-ext)
	# The lowest KiB is the deep end of the stack (--stack-first), which no address wraps around to: so a small
	# constant goes into a load and not beside it: 2 kB less. Passes repeated until nothing shrinks: 1 kB less, in 2 s.
	[ $name = object ] && optimise+=(--low-memory-unused --converge)
	exec_js=$tc/root/targets/wasm_exec.js
	listos=$goos tags=tinygo
	[ -e "$tc/root/stamp" ] && [ -e "$tc/root/go" ] || "$repo/.toolchain/install.sh" tinygo
	;;
go)
	build=(env "GOOS=$goos" GOARCH=wasm go build -trimpath '-ldflags=-s -w')
	[ $goos = wasip1 ] && build+=(-buildmode=c-shared)
	exec_js=$(go env GOROOT)/lib/wasm/wasm_exec.js
	listos=$goos tags=
	;;
*) die "COMPILER is tinygo or go, not $COMPILER" ;;
esac

mkdir -p "$out"
# put FILE: writes standard input to FILE, and touches it only if it differs. Two builds
# may run at a time.
put() {
	cat >"$1.$$"
	if cmp -s "$1.$$" "$1"; then rm "$1.$$"; else mv "$1.$$" "$1"; fi
}
put "$out/wasm_exec.js" <"$exec_js"
echo "{\"compiler\":\"$COMPILER\"}" | put "$out/compiler.json"

# The sources of the module: the project's own files, the versions of everything else,
# the compiler and its options.
files=$(GOOS=$listos GOARCH=wasm go list -tags="$tags" -deps -f '{{if and .Module .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{end}}' "$pkg") || die "cannot list what $pkg is made of"
of=$(
	echo "${build[@]}" "${optimise[@]}" "$(go env GOVERSION)" | sed "s|$repo/||g" # a checkout may be moved
	{
		echo "$files"
		[ "$COMPILER" = go ] || find "$repo/.toolchain/overlay" "$repo/.toolchain/targets" "$repo/.toolchain/tinygo/go.mod" "$repo/.toolchain/wasmopt.sh" "$repo/.toolchain/tinygo.sh" "$repo/.toolchain/suspend.mjs" "$repo/.toolchain/wasm.mjs" -type f
		echo "$repo/go.mod"
		echo "$repo/go.sum"
	} | sed "/^\$/d; s|^$repo/||" | sort -u | tr '\n' '\0' | xargs -0 cksum
)
# made DIR: whether DIR has the module, and what is made with it.
made() {
	[ "$(cat "$1/$file.from" 2>/dev/null)" = "$of" ] || return 1
	for f in "$file" "${beside[@]}"; do [ -f "$1/$f" ] || return 1; done
}
! made "$out" || exit 0

# It may be in another folder already: that of the other MODE has the same modules.
for other in .build/*/; do
	if made "$other"; then
		for f in "${beside[@]}" "$file"; do
			cp "$other/$f" "$out/new.$f"
			mv "$out/new.$f" "$out/$f"
		done
		echo "$of" >"$out/$file.from"
		exit 0
	fi
done

say "compiling $file with $COMPILER: a minute or more, and again only when its sources change"
began=$SECONDS
while sleep 20 >/dev/null 2>&1; do say "$file: still compiling, $((SECONDS - began)) s"; done 2>/dev/null &
ticks=$!
trap 'pkill -P $ticks 2>/dev/null || kill $ticks 2>/dev/null || true' EXIT # without its sleep it ends
rm -f "$out/$file.from"
[ ${#beside[@]} = 0 ] || export HOLDFAST_CHECKED=$out/new.holdfast.checked.wasm
"${build[@]}" -o "$out/new.$file" "$pkg" || die "$file did not compile"
if [ ${#optimise[@]} -gt 0 ]; then
	"${optimise[@]}" ${beside:+-g} "$out/new.$file" -o "$out/new.$file" || die "$file could not be optimised"
fi
if [ ${#beside[@]} -gt 0 ]; then
	mv "$out/new.$file" "$out/new.holdfast.named.wasm"
	node "$repo/.toolchain/wasm.mjs" "$out/new.holdfast.named.wasm" "$out/new.$file" || die "the names of $file could not be left out"
fi
for f in "${beside[@]}" "$file"; do mv "$out/new.$f" "$out/$f"; done
echo "$of" >"$out/$file.from"
say "$file: $(($(wc -c <"$out/$file") / 1000)) kB in $((SECONDS - began)) s"
