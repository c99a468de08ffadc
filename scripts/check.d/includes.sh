# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="includes point one way (check.d/includes.tsv)"

rule() {
	local list
	mapfile -t list < <(files '*.c' '*.h' '*.cc')
	[ ${#list[@]} -gt 0 ] || return 0
	awk -F '\t' -f "$RULES/includes.awk" "$RULES/includes.tsv" "${list[@]}"
}

canary() {
	mkdir -p lib/backend stress bench kernel-helpers/uapi
	echo '#include "../stress/stress.h"' >lib/bad.c
	echo '# include "../stress/../bench/op.h"' >lib/bad-space.c
	echo '#include "backend/null.h"' >lib/bad-down.c
	echo '#include "mirror.h"' >lib/backend/bad.c
	echo '#include "../bench/op.h"' >stress/bad.c
	echo '#include "../kernel-helpers/uapi/hmmstorm.h"' >bench/bad.c
	echo '#include <stdio.h>' >kernel-helpers/bad.c
	echo '#include <linux/mm.h>' >kernel-helpers/uapi/bad.h
	echo '#include "../kernel-helpers/uapi/hmmstorm.h"' >lib/good.c
	echo '#include "../backend.h"' >lib/backend/good.c
	printf '#include "../lib/hist.h"\n#include "arena.h"\n#include <stdio.h>\n' >stress/good.c
	printf '#include <linux/mm.h>\n#include "uapi/hmmstorm.h"\n' >kernel-helpers/good.c
}
