# Sourced by the other scripts here: where things are, and how they speak.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tc=$repo/.build/toolchain # everything this folder makes; git ignores .build
llvm=19                   # the LLVM that TinyGo is built against and links with
tinygo_series=0.42        # the TinyGo release the overlay and the targets are for

# make puts the tools' own folder first; what is looked for here is the machine's.
PATH=${PATH//"$tc/bin:"/}
PATH=${PATH//"$repo/node_modules/.bin:"/}

say() { echo "holdfast: $*"; }
die() {
	echo "holdfast: $*" >&2
	exit 1
}

# first FILE...: the first of the given paths that exists.
first() {
	local f
	for f in "$@"; do
		if [ -e "$f" ]; then
			echo "$f"
			return 0
		fi
	done
	return 1
}
