# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="checkpatch --strict finds nothing in the C files"

# The newest of the cached kernel sources.
newest_checkpatch() {
	find "$CACHE/src" -maxdepth 3 -path '*/scripts/checkpatch.pl' 2>/dev/null | sort -V | tail -n 1
}

# excused FILE LINE TYPE: checkpatch.tsv has a row for this type and this line
excused() {
	local pattern
	[[ $1 != kernel-helpers/* ]] || return 1
	pattern=$(awk -F '\t' -v type="$3" '$1 == type { print $2 }' "$RULES/checkpatch.tsv")
	[ -n "$pattern" ] && sed -n "$2p" "$1" | grep -qE -- "$pattern"
}

without_excused() {
	local file line level type text
	while IFS=: read -r file line level type text; do
		excused "$file" "$line" "$type" || echo "$file:$line:$level:$type:$text"
	done
}

rule() {
	local checkpatch list
	checkpatch=$(newest_checkpatch)
	[ -n "$checkpatch" ] || {
		echo "no checkpatch.pl: it comes with the kernel source that make run or hmmstorm kernel fetches"
		return 4
	}
	mapfile -t list < <(files '*.c' '*.h')
	[ ${#list[@]} -gt 0 ] || return 0
	printf '%s\0' "${list[@]}" |
		xargs -0 -n 8 -P "$(nproc)" perl "$checkpatch" --no-summary --terse -f |
		sort -t: -k1,1 -k2,2n | without_excused
	# 123: some file had findings; more: checkpatch itself did not run
	[ "${PIPESTATUS[1]}" -le 123 ] || echo "$checkpatch:1: cannot be run: is perl there?"
}

canary() {
	cp "$TOP/.checkpatch.conf" .
	mkdir lib kernel-helpers
	printf '// SPDX-License-Identifier: GPL-2.0-only\nint f( int a ) {\n  return a;\n}\n' >lib/bad.c
	printf '// SPDX-License-Identifier: GPL-2.0-only\nvoid f(char *a)\n{\n\tstrcpy(a, "b");\n}\n' |
		tee lib/good.c >kernel-helpers/bad.c
}
