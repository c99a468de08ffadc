# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="stressors have at most 120 lines, benchmark families 80"

# A stressor or a family is what registers itself as one; the rest are parts.
too_long() {
	local limit=$1 pattern=$2 f n
	shift 2
	files "$@" | while read -r f; do
		grep -qE "$pattern" "$f" || continue
		n=$(wc -l <"$f")
		[ "$n" -le "$limit" ] || echo "$f:$n: has $n lines; the limit is $limit"
	done
}

rule() {
	too_long 120 '^STRESSOR\(' 'stress/*.c'
	too_long 80 '^C?BENCH[A-Z_]*\(' 'bench/*.c'
}

canary() {
	mkdir stress bench
	{ yes '/* line */' | head -n 120; echo 'STRESSOR(x);'; } >stress/bad.c
	{ yes '/* line */' | head -n 119; echo 'STRESSOR(x);'; } >stress/good.c
	yes '/* line */' | head -n 300 >stress/good-part.c
	{ yes '/* line */' | head -n 80; echo 'BENCH_OP(x, "x");'; } >bench/bad.c
	{ yes '/* line */' | head -n 80; echo 'CBENCH(x);'; } >bench/bad-plain.c
	{ yes '/* line */' | head -n 79; echo 'CBENCH(x);'; } >bench/good.c
}
