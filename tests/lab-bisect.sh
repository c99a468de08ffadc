#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hmmstorm bisect finds a planted commit among 32 of a small history made from the lab's
# kernel source, past one that does not build and one that does not boot, and goes on after
# an interruption. Builds a kernel of its own, so make test does not run it; it says how
# long it took.
#   tests/lab-bisect.sh [DIR]    (default out/bisect-test; what is there is used again)
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
. tests/tap.sh
dir=${1:-out/bisect-test}
mkdir -p "$dir"
dir=$(readlink -f "$dir")
tree=$dir/history
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hmmstorm
COMMITS=32 GUILTY=21 BROKEN=17 DEAD=24

# harmless N: a function that nobody calls, in one of four files of mm
harmless() {
	local file
	file=$(printf 'mm/%s.c\n' mprotect mremap madvise memory | sed -n "$(($1 % 4 + 1))p")
	printf '\nvoid hs_nobody_%d(void);\nvoid hs_nobody_%d(void)\n{\n}\n' "$1" "$1" >>"$tree/$file"
}

change() {
	case $1 in
	"$GUILTY") tests/planted/plant "$tree" gup-slower ;;
	"$BROKEN") echo '#error broken' >>"$tree/mm/mremap.c" ;;
	$((BROKEN + 1))) sed -i '/^#error broken$/d' "$tree/mm/mremap.c" ;;
	"$DEAD") sed -i 's/^void __init mm_core_init(void)/static void hs_die(void) { BUG(); }\n&/; /^void __init mm_core_init(void)/,/^{/s/^{/{\n\ths_die();/' "$tree/mm/mm_init.c" ;;
	$((DEAD + 1))) git -C "$tree" checkout -q good -- mm/mm_init.c ;;
	*) harmless "$1" ;;
	esac
}

make_history() {
	local src n
	[ ! -e "$tree/.git/refs/tags/bad" ] || return 0
	./hmmstorm kernel 6.12 >/dev/null || return
	src=$(find "$CACHE/src" -maxdepth 1 -name 'linux-6.12-*' | sort -V | tail -n 1)
	rm -rf "$tree"
	cp -a "$src" "$tree"
	git -C "$tree" init -q -b main
	git -C "$tree" config user.name lab
	git -C "$tree" config user.email lab@localhost
	git -C "$tree" add -f -A
	git -C "$tree" commit -qm 'Linux 6.12' || return
	git -C "$tree" tag good
	for ((n = 1; n <= COMMITS; n++)); do
		change $n
		git -C "$tree" commit -qam "commit $n" || return
		[ $n != $GUILTY ] || git -C "$tree" tag guilty
	done
	git -C "$tree" tag bad
}

bisect() {
	./hmmstorm bisect --tree "$tree" --out "$dir/bisect" "$@"
}

tap_plan 14
tap_ok "a history of $COMMITS commits" make_history
begin=$SECONDS
./hmmstorm bisect --tree "$tree" --out "$dir/bisect" good bad -- E6.gup/pages:64 >"$dir/out" 2>"$dir/err" &
pid=$!
# killed once it has measured GOOD, BAD and one step
until [ "$(wc -l 2>/dev/null <"$dir/bisect/log.tsv")" -ge 4 ] 2>/dev/null || ! kill -0 $pid 2>/dev/null; do
	sleep 1
done
kill -TERM $pid 2>/dev/null
wait $pid
tap_is "a bisect that is told to stop does" $? 143
tap_is "and leaves nothing running" "$(pgrep -f "$dir/bisect" | wc -l)" 0
measured=$(wc -l <"$dir/bisect/log.tsv")
tap_ok "interrupted" test "$measured" -lt 9
tap_like "another question in the same folder is refused" \
	"$(bisect good bad -- E6.gup/pages:1 2>&1; echo "status $?")" 'it differs in: bench'
bisect good bad -- E6.gup/pages:64 >"$dir/out" 2>"$dir/err"
tap_is "the same command again finds it" $? 0
took=$((SECONDS - begin))
tap_like "the planted commit" "$(cat "$dir/out")" "first bad commit: $(git -C "$tree" rev-parse guilty)"
tap_like "it names the function" "$(cat "$dir/out")" ', by follow_page_pte itself$'
tap_ok "what does not build or boot was met, and skipped" grep -q "	125	" "$dir/bisect/log.tsv"
tap_is "no commit was measured twice" "$(cut -f1 "$dir/bisect/log.tsv" | sort | uniq -d)" ""
tap_is "the user's work tree is as it was" "$(git -C "$tree" status --porcelain)" ""
tap_like "GOOD and BAD that do not differ" \
	"$(./hmmstorm bisect --tree "$tree" --out "$dir/same" good good -- E6.gup/pages:64 2>&1; echo "status $?")" 'nothing to find|is BAD too|status [23]'
tap_like "no such commit" "$(./hmmstorm bisect --tree "$tree" --out "$dir/none" nothing bad -- E6.gup/pages:64 2>&1; echo "status $?")" 'nothing: no such commit'
tap_like "no benchmark" "$(./hmmstorm bisect --tree "$tree" good bad 2>&1; echo "status $?")" 'which benchmark'
echo "# bisect of $COMMITS commits: $took s, $(($(wc -l <"$dir/bisect/log.tsv") - 1)) commits measured, the first build included"
tap_done
