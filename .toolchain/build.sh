#!/usr/bin/env bash
# Compiles one WebAssembly module, if anything it is made of has changed.
#
#   .toolchain/build.sh front|http|object|page OUT-DIR      COMPILER=tinygo|go  MODE=dev|release
#
# "Changed" goes by content, not by time stamps: a fresh checkout, a touched
# file or an edited test costs nothing, and a module takes up to a minute.
source "$(dirname "$0")/common.sh"
cd "$repo"

name=$1 out=$2
COMPILER=${COMPILER:-tinygo} MODE=${MODE:-release}
case $MODE in dev | release) ;; *) die "MODE is dev or release, not $MODE" ;; esac

case $name in
http) pkg=./edge/httpwasm target=worker file=http.wasm opt=z goos=js ;;
# The front's and the objects' are on the path of every connect and every frame, and have
# no scheduler: what can be suspended is slower. They are for wasip1, because package time
# brings syscall/js into every module for js. Both are made for size: the object's is a
# sixth smaller with s than with 2 and 3 % smaller again with z, the front's 18 % with s.
front) pkg=./edge/frontwasm target=object file=front.wasm opt=s goos=wasip1 ;;
object) pkg=./edge/objectwasm target=object file=object.wasm opt=z goos=wasip1 ;;
page) pkg=./wasm target=page file=holdfast.wasm opt=z goos=js ;;
*) die "no such module: $name (there are front, http, object, page)" ;;
esac
# Both modes compile alike: less optimised code is so much more for wasm-opt to
# work through that -opt=1 takes half as long again as -opt=z.

optimise=()
case $COMPILER in
tinygo)
	build=("$repo/.toolchain/tinygo.sh" build "-target=$target" "-opt=$opt" -no-debug)
	[ $goos = wasip1 ] && build+=(-buildmode=c-shared -scheduler=none)
	# TinyGo runs Binaryen only to make calls suspendable, and only where there is a scheduler.
	# One run for size as well takes 3 % off every packed module.
	optimise=("${WASMOPT:-wasm-opt}" "-O$opt" --enable-bulk-memory --enable-mutable-globals --enable-nontrapping-float-to-int --enable-sign-ext)
	exec_js=$tc/root/targets/wasm_exec.js
	listos=$goos tags=tinygo
	[ -e "$tc/root/stamp" ] || "$repo/.toolchain/install.sh" tinygo
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
# put FILE: writes standard input there, touching it only if it differs. Two
# modules may be built at a time.
put() {
	cat >"$1.$$"
	if cmp -s "$1.$$" "$1"; then rm "$1.$$"; else mv "$1.$$" "$1"; fi
}
put "$out/wasm_exec.js" <"$exec_js"
echo "{\"compiler\":\"$COMPILER\"}" | put "$out/compiler.json"

# What the module is made of: the project's own files, the versions of
# everything else, the compiler and how it is called.
files=$(GOOS=$listos GOARCH=wasm go list -tags="$tags" -deps -f '{{if and .Module .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{end}}' "$pkg") || die "cannot list what $pkg is made of"
of=$(
	echo "${build[@]}" "${optimise[@]}" "$(go env GOVERSION)"
	{
		echo "$files"
		[ "$COMPILER" = go ] || find "$repo/.toolchain/overlay" "$repo/.toolchain/targets" "$repo/.toolchain/tinygo/go.mod" -type f
		echo "$repo/go.mod"
		echo "$repo/go.sum"
	} | sed '/^$/d' | sort -u | tr '\n' '\0' | xargs -0 cksum
)
[ ! -f "$out/$file" ] || [ "$(cat "$out/$file.from" 2>/dev/null)" != "$of" ] || exit 0

# The other mode may have made it already.
for other in .build/*/"$file.from"; do
	if [ -f "${other%.from}" ] && [ "$(cat "$other")" = "$of" ]; then
		cp "${other%.from}" "$out/new.$file"
		mv "$out/new.$file" "$out/$file"
		echo "$of" >"$out/$file.from"
		exit 0
	fi
done

say "compiling $file with $COMPILER ($MODE)"
began=$SECONDS
rm -f "$out/$file.from"
"${build[@]}" -o "$out/new.$file" "$pkg" || die "$file did not compile"
if [ ${#optimise[@]} -gt 0 ]; then
	"${optimise[@]}" "$out/new.$file" -o "$out/new.$file" || die "$file could not be optimised"
fi
mv "$out/new.$file" "$out/$file"
echo "$of" >"$out/$file.from"
say "$file: $(($(wc -c <"$out/$file") / 1000)) kB in $((SECONDS - began)) s"
