# The other scripts here source this: the paths, and how to print messages.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tc=$repo/.build/toolchain # everything that these scripts make; git ignores .build
llvm=19                   # the LLVM that TinyGo is built against and links with
tinygo_series=0.42        # the TinyGo release the overlay and the targets are for

# make puts the folder of our tools first in PATH. These scripts look for the machine's tools.
PATH=${PATH//"$tc/bin:"/}
PATH=${PATH//"$repo/node_modules/.bin:"/}

say() { echo "holdfast: $*"; }
die() {
	echo "holdfast: $*" >&2
	exit 1
}

# first FILE...: prints the first of the paths that exists.
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
