#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Changes planted in a kernel (tests/planted/edits.tsv) are found in deterministic mode:
# in benchmarks that pass there, and only there, with the right function first. Runs an
# hour or more (a kernel and five boots a change), so make test does not run it.
#   tests/lab-planted.sh [DIR]    (default out/planted; what is there is not made again)
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
. tests/tap.sh
dir=${1:-out/planted}
mkdir -p "$dir"
dir=$(readlink -f "$dir")
tree=$dir/linux
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hmmstorm
seeds=5 base_seeds=10 # a function that takes one of two values is met in both

mapfile -t names < <(grep -v '^#' tests/planted/edits.tsv | cut -f1)

# a git repository of the lab's 6.12 source, without what the edits leave behind
make_tree() {
	local src
	[ ! -e "$tree/.git/refs/heads/lab" ] || return 0
	./hmmstorm kernel 6.12 >/dev/null || return
	src=$(find "$CACHE/src" -maxdepth 1 -name 'linux-6.12-*' | sort -V | tail -n 1)
	mkdir -p "$tree"
	cp -a "$src/." "$tree/" && git -C "$tree" init -q -b main &&
		git -C "$tree" config user.name lab && git -C "$tree" config user.email lab@localhost &&
		git -C "$tree" add -f -A && git -C "$tree" commit -qm "Linux 6.12" &&
		git -C "$tree" branch lab
}

# measure NAME SEEDS...: what the tree is now, into $dir/NAME/seed-N
measure() {
	local name=$1 image
	shift
	image=$(./hmmstorm kernel "$tree")/build/arch/x86/boot/bzImage || return
	mkdir -p "$dir/$name"
	printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} sh -c '
		[ -d "$1/seed-{}" ] || for try in 1 2 3; do
			rm -rf "$1/part-{}"
			./hmmstorm vm --kernel "$2" --deterministic --functions --seed {} --cpus 1 --memory 2G \
				--modules all --out "$1/part-{}" -- hmmstorm run --part regress \
				>"$1/{}.log" 2>&1 && ./hmmstorm functions --fold "$1/part-{}" &&
				mv "$1/part-{}" "$1/seed-{}" && break
		done; [ -d "$1/seed-{}" ]' - "$dir/$name" "$image"
}

plant() {
	git -C "$tree" checkout -qf lab && tests/planted/plant "$tree" "$1"
}

# reported OLD NEW: a line each benchmark with a settled change: key, change in percent,
# the function that the change is by
reported() {
	./hmmstorm functions --settled --top 1 "$1" "$2" 2>/dev/null | awk '
		/ -> .*%\), by / {
			key = change = by = $0
			sub(/: [0-9]+ -> .*/, "", key)
			sub(/%\).*/, "", change); sub(/.*\(/, "", change)
			sub(/.*, by /, "", by); sub(/ itself$/, "", by); sub(/ \[.*/, "", by)
			print key "\t" change "\t" by
		}'
}

# passes SIDE NAME: the keys whose operation executes one of these functions
passes() {
	./hmmstorm functions --top 100000 "$1" | awk -v names="$2" '
		BEGIN { n = split(names, w, " "); for (i = 1; i <= n; i++) want[w[i]] = 1 }
		/ instructions$/ { key = $0; sub(/: [0-9]+ instructions$/, "", key); next }
		$1 ~ /^[0-9]+$/ && $NF in want { print key }' | sort -u
}

tap_plan $((3 + 4 * ${#names[@]}))
tap_ok "a kernel tree" make_tree
git -C "$tree" checkout -qf lab
measure base $(seq $((base_seeds + seeds))) || echo "# base: see $dir/base/*.log"
tap_ok "the kernel as it is" test -d "$dir/base/seed-$((base_seeds + seeds))"
mkdir -p "$dir/base-1" "$dir/base-2"
for n in $(seq $base_seeds); do
	ln -sfn "../base/seed-$n" "$dir/base-1/seed-$n"
done
for n in $(seq $((base_seeds + 1)) $((base_seeds + seeds))); do
	ln -sfn "../base/seed-$n" "$dir/base-2/seed-$n"
done
tap_is "$base_seeds schedules against $seeds others of the same kernel: nothing is reported" \
	"$(reported "$dir/base-1" "$dir/base-2")" ""

printf '# %-28s %6s %8s %6s %9s %10s %10s\n' change passes reported right elsewhere smallest largest
for name in "${names[@]}"; do
	functions=$(grep "^$name	" tests/planted/edits.tsv | cut -f6)
	host=$(grep "^$name	" tests/planted/edits.tsv | cut -f7)
	if [ ! -d "$dir/$name/seed-$seeds" ]; then
		plant "$name" && measure "$name" $(seq $seeds) || echo "# $name: see $dir/$name/*.log"
	fi
	reported "$dir/base-1" "$dir/$name" >"$dir/$name.reported"
	passes "$dir/$name" "$host" >"$dir/$name.passes"
	cut -f1 "$dir/$name.reported" | sort | comm -23 - "$dir/$name.passes" >"$dir/$name.elsewhere"
	awk -F'\t' -v names="$functions" '
		BEGIN { n = split(names, w, " "); for (i = 1; i <= n; i++) want[w[i]] = 1 }
		$3 in want { print $1 }' "$dir/$name.reported" >"$dir/$name.right"
	printf '# %-28s %6d %8d %6d %9d %10s %10s\n' "$name" "$(wc -l <"$dir/$name.passes")" \
		"$(wc -l <"$dir/$name.reported")" "$(wc -l <"$dir/$name.right")" "$(wc -l <"$dir/$name.elsewhere")" \
		"$(cut -f2 "$dir/$name.reported" | sort -g | head -n 1)%" "$(cut -f2 "$dir/$name.reported" | sort -g | tail -n 1)%"
	tap_ok "$name: measured" test -d "$dir/$name/seed-$seeds"
	tap_ok "$name: found" test -s "$dir/$name.reported"
	tap_is "$name: the right function first, in each benchmark" \
		"$(cut -f1 "$dir/$name.reported" | sort | comm -23 - <(sort "$dir/$name.right"))" ""
	tap_is "$name: nothing where no benchmark passes" "$(cat "$dir/$name.elsewhere")" ""
done
git -C "$tree" checkout -qf lab
tap_done
