#!/usr/bin/env bash
# Installs the tools that build and test Holdfast.
#
#   .toolchain/install.sh [tinygo] [node] [chromium] [firefox] [webkit]      (default: all five)
#
# You may run it as often as you like. It keeps what is there. After an interrupted run
# the next one repairs the rest: each part is made in a temporary folder, moved into
# place, and stamped only then.
source "$(dirname "$0")/common.sh"

# --- Debian packages -------------------------------------------------------

# want PACKAGE...: collects missing packages. need installs those of all parts together.
missing=()
want() { missing+=("$@"); }
need() { # need WHAT-FOR
	[ ${#missing[@]} -gt 0 ] || return 0
	local sudo=()
	if [ "$(id -u)" != 0 ]; then
		sudo=(sudo -n)
		sudo -n true 2>/dev/null || sudo=()
	fi
	if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && [ ${#sudo[@]} = 0 ]; }; then
		die "$1 needs what Debian calls ${missing[*]}: please install it and run this again."
	fi
	say "installing ${missing[*]} for $1, about 30 s, once"
	local log=$tc/apt.log
	mkdir -p "$tc"
	# First dpkg finishes what an interrupted run left half done.
	if ! {
		"${sudo[@]}" dpkg --configure -a &&
			"${sudo[@]}" apt-get update -qq &&
			"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
	} >"$log" 2>&1 </dev/null; then
		tail -5 "$log" >&2
		die "could not install ${missing[*]} (whole log: .build/toolchain/apt.log)"
	fi
	missing=()
}

# try PART PACKAGE...: installs the packages of a part that the tests can do without: where
# that is impossible they skip it and say so. In CI it is an error.
try() {
	local part=$1
	shift
	if [ "${CI:-}" = true ]; then
		want "$@"
	elif ! (missing=("$@") && need "$part"); then
		say "going on without $part: its tests will be skipped"
	fi
}

# --- TinyGo ----------------------------------------------------------------

# own_tinygo prints the TinyGo on PATH, if it is of the right series.
own_tinygo() {
	local t
	t=$(command -v tinygo) || return 1
	case $("$t" version 2>/dev/null) in
	*"version $tinygo_series."*) echo "$t" ;;
	*) return 1 ;;
	esac
}

wasi_libc() {
	first ${WASI_SYSROOT:+"$WASI_SYSROOT"/lib/wasm32-wasi/libc.a} /usr/lib/wasm32-wasi/libc.a \
		/usr/share/wasi-sysroot/lib/wasm32-wasi/libc.a
}
wasi_include() {
	first ${WASI_SYSROOT:+"$WASI_SYSROOT"/include/wasm32-wasi} ${WASI_SYSROOT:+"$WASI_SYSROOT"/include} \
		/usr/include/wasm32-wasi /usr/share/wasi-sysroot/include/wasm32-wasi /usr/share/wasi-sysroot/include
}
compiler_rt() {
	first /usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a \
		/usr/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a \
		/usr/lib/clang/*/lib/wasm32-unknown-wasi/libclang_rt.builtins.a
}

want_tinygo() {
	command -v go >/dev/null || die "Go 1.26 is needed: please install it and run this again."
	[ -n "${WASMOPT:-}" ] || command -v wasm-opt >/dev/null || want binaryen
	wasi_libc >/dev/null || want wasi-libc
	compiler_rt >/dev/null || want libclang-rt-$llvm-dev-wasm32

	if ! own_tinygo >/dev/null; then
		[ -e /usr/lib/llvm-$llvm/include/llvm-c/Core.h ] || want llvm-$llvm-dev
		[ -e /usr/lib/llvm-$llvm/include/clang-c/Index.h ] || want libclang-$llvm-dev
		command -v clang-$llvm >/dev/null || want clang-$llvm
		command -v wasm-ld-$llvm >/dev/null || want lld-$llvm
		command -v g++ >/dev/null || want g++
	fi
}

install_tinygo() {
	local theirs module goroot
	theirs=$(own_tinygo || true)
	# go itself says which version it is, and where it and TinyGo's module are.
	goroot=$(go env GOROOT)
	if [ -n "$theirs" ]; then
		module=$("$theirs" env TINYGOROOT)
	else
		module=$(cd "$repo/.toolchain/tinygo" && GOFLAGS="-mod=readonly -buildvcs=false" go mod download && GOFLAGS="-mod=readonly -buildvcs=false" go list -m -f '{{.Dir}}' github.com/tinygo-org/tinygo)
	fi

	# The compiler. Its stamp names what it was built from.
	local from bin=$tc/bin/tinygo
	mkdir -p "$tc/bin"
	if [ -n "$theirs" ]; then
		ln -sfn "$theirs" "$bin"
	else
		from="$(cat "$repo"/.toolchain/tinygo/go.mod | cksum) llvm$llvm"
		if [ ! -x "$bin" ] || [ -L "$bin" ] || [ "$(cat "$tc/tinygo.stamp" 2>/dev/null)" != "$from" ]; then
			say "building TinyGo $tinygo_series from source, about 90 s, once"
			rm -f "$tc/tinygo.stamp"
			(cd "$repo/.toolchain/tinygo" && GOFLAGS="-mod=readonly -buildvcs=false" go build -tags llvm$llvm -o "$bin.new" github.com/tinygo-org/tinygo) ||
				die "TinyGo did not build (LLVM $llvm and its headers are needed)"
			mv "$bin.new" "$bin"
			echo "$from" >"$tc/tinygo.stamp"
		fi
	fi

	# TinyGo's root: links to its own files, our targets, and a src/net made of our
	# overlay and Go's pure files. The stamp names every linked file, so a new Go, a
	# new TinyGo or a changed overlay makes a new root.
	local root=$tc/root want_root
	want_root=$(
		echo "$module $goroot $(go env GOVERSION) $(wasi_libc) $(compiler_rt)"
		cd "$repo/.toolchain" && find overlay targets -type f | sort
		cksum "$repo/.toolchain/install.sh"
	)
	if [ "$(cat "$root/stamp" 2>/dev/null)" != "$want_root" ] || [ ! -e "$root/src/runtime/internal/sys/zversion.go" ]; then
		say "laying TinyGo's root"
		lay_root "$module" "$goroot"
	fi
}

lay_root() { # lay_root TINYGO-FILES GOROOT
	local new=$tc/root.new d f over=$repo/.toolchain/overlay
	rm -rf "$new"
	mkdir -p "$new/targets" "$new/wasi"
	for f in "$1"/*; do
		case ${f##*/} in src | targets | bin) ;; *) ln -s "$f" "$new/" ;; esac
	done
	# When TinyGo merges src with Go's own it takes a linked folder for a file. So
	# the folders are real, and the files are links.
	cp -rs "$1/src" "$new/"
	rm -rf "$new/src/net"
	mkdir -p "$new/src/net/http/internal"
	ln -s "$1"/targets/* "$new/targets/"
	ln -sf "$repo"/.toolchain/targets/*.json "$new/targets/"
	ln -s "$(wasi_libc)" "$new/wasi/libc.a"
	ln -s "$(compiler_rt)" "$new/wasi/libclang_rt.builtins-wasm32.a"
	ln -s "$(wasi_include)" "$new/wasi/include"

	ln -s "$over"/net/*.go "$new/src/net/"
	for f in ip mac parse pipe; do
		ln -s "$2/src/net/$f.go" "$new/src/net/"
	done
	ln -s "$over"/net/http/*.go "$new/src/net/http/"
	for f in method status cookie mapping pattern routing_index routing_tree; do
		ln -s "$2/src/net/http/$f.go" "$new/src/net/http/"
	done
	ln -s "$2/src/net/http/internal/ascii" "$new/src/net/http/internal/"

	# The browser module has a fmt of its own (tinygo.sh). TinyGo takes that from Go's root only, so
	# this is one: links to Go's files, and our fmt.
	mkdir "$new/go"
	for f in "$2"/*; do
		case ${f##*/} in src) ;; *) ln -s "$f" "$new/go/" ;; esac
	done
	cp -rs "$2/src" "$new/go/"
	rm -rf "$new/go/src/fmt"
	mkdir "$new/go/src/fmt"
	ln -s "$over"/fmt/*.go "$new/go/src/fmt/"

	echo "$want_root" >"$new/stamp"
	rm -rf "$tc/root"
	mv "$new" "$tc/root"
}

# --- Node and the npm packages ----------------------------------------------

# Any Node can run npm to fetch the packages. One of the packages is the Node that the
# build and the tests use, because wrangler needs 22.
want_node() {
	command -v npm >/dev/null || want nodejs npm
}

install_node() {
	local lock stamp=$repo/node_modules/.holdfast
	lock=$(cksum <"$repo/package-lock.json")
	if [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ]; then
		say "installing the npm packages, about 20 s, once"
		# npm ci first empties node_modules, and so removes the stamp, too.
		mkdir -p "$tc"
		if ! (cd "$repo" && npm ci --no-progress) >"$tc/npm.log" 2>&1 </dev/null; then
			grep 'npm error' "$tc/npm.log" | head -8 >&2
			die "npm ci failed (whole log: .build/toolchain/npm.log)"
		fi
		echo "$lock" >"$stamp"
	fi

	local node
	if ! node=$(first "$repo"/node_modules/node-*/bin/node); then
		node=$(command -v node) || die "Node 22 is needed: please install it and run this again."
		case $("$node" --version) in
		v2[2-9].* | v[3-9]?.*) ;;
		*) die "Node 22 or newer is needed here: please install it and run this again." ;;
		esac
	fi
	mkdir -p "$tc/bin"
	[ "$tc/bin/node" -ef "$node" ] || ln -sfn "$node" "$tc/bin/node"
}

# --- Chromium ----------------------------------------------------------------

find_chromium() {
	local c
	for c in chromium chromium-browser google-chrome google-chrome-stable \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		command -v "$c" && return
	done
	return 1
}

# own_chromium reports whether the caller chose a browser.
own_chromium() { [ "${CHROMIUM:-$tc/bin/chromium}" != "$tc/bin/chromium" ]; }

want_chromium() {
	if own_chromium; then
		command -v "$CHROMIUM" >/dev/null || die "CHROMIUM is set to $CHROMIUM, which is not there."
		return 0
	fi
	# Without any fonts pages come out blank.
	find_chromium >/dev/null || want chromium fonts-dejavu-core
}

install_chromium() {
	own_chromium && return
	local c ours=$tc/bin/chromium
	c=$(find_chromium) || die "no Chromium was found: set CHROMIUM to one and run this again."
	mkdir -p "$tc/bin"
	# A script, not a link, because some browsers look for files beside themselves.
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$c" >"$ours.new"
	chmod +x "$ours.new"
	mv "$ours.new" "$ours"
}

# --- Firefox and WebKitGTK ----------------------------------------------------

# The tests find these on PATH; FIREFOX and WEBKIT_DRIVER name others.
want_firefox() {
	if [ -n "${FIREFOX:-}" ]; then
		command -v "$FIREFOX" >/dev/null || die "FIREFOX is set to $FIREFOX, which is not there."
		return 0
	fi
	local f
	for f in firefox-esr firefox /Applications/Firefox.app/Contents/MacOS/firefox; do
		command -v "$f" >/dev/null && return
	done
	try firefox firefox-esr
}
install_firefox() { :; }

want_webkit() {
	if [ -n "${WEBKIT_DRIVER:-}" ]; then
		command -v "$WEBKIT_DRIVER" >/dev/null || die "WEBKIT_DRIVER is set to $WEBKIT_DRIVER, which is not there."
	fi
	local packages=()
	# The driver comes with the browser that it drives, which wants a display.
	[ -n "${WEBKIT_DRIVER:-}" ] || command -v WebKitWebDriver >/dev/null || packages+=(webkit2gtk-driver)
	command -v Xvfb >/dev/null || packages+=(xvfb)
	[ ${#packages[@]} = 0 ] || try webkit "${packages[@]}" fonts-dejavu-core
}
install_webkit() { :; }

# ---------------------------------------------------------------------------

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(tinygo node chromium firefox webkit)

# Two runs at a time would undo each other's work.
mkdir -p "$tc"
if command -v flock >/dev/null; then
	exec 9>"$tc/lock"
	flock 9
fi

for part in "${parts[@]}"; do
	case $part in
	tinygo | node | chromium | firefox | webkit) want_"$part" ;;
	*) die "no such part: $part (there are tinygo, node, chromium, firefox, webkit)" ;;
	esac
done
need "${parts[*]}"
# In parallel: building TinyGo needs processors, fetching the packages the network.
running=()
for part in "${parts[@]}"; do
	install_"$part" &
	running+=($!)
done
for one in "${running[@]}"; do
	wait "$one" || exit 1
done
say "tools are ready (${parts[*]})"
