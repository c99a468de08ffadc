# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="every file that can carry one has its SPDX line"

rule() {
	local f want
	files '*' | while read -r f; do
		case $f in
		COPYING | LICENSE* | *.tsv | *.log | *.json | *.jsonl | *.png | *.svg | *.gz | *.dat | *.txt) continue ;;
		kernel-helpers/uapi/*) want="GPL-2.0-only WITH Linux-syscall-note" ;;
		*) want=GPL-2.0-only ;;
		esac
		head -n 2 "$f" | tr -d '\0' |
			grep -qE "SPDX-License-Identifier: $want( (\*/|-->))?\$" ||
			echo "$f:1: has no line \"SPDX-License-Identifier: $want\" at its start"
	done
}

canary() {
	mkdir -p lib kernel-helpers/uapi results
	echo 'int x;' >lib/bad.c
	printf '/%s\n' '/ SPDX-License-Identifier: MIT' >lib/bad-licence.c
	printf '/* SPDX-License-Identifier: %s */\n' GPL-2.0-only >kernel-helpers/uapi/bad.h
	printf '// SPDX-License-Identifier: %s\n' GPL-2.0-only >lib/good.c
	printf '/* SPDX-License-Identifier: %s */\n' "GPL-2.0-only WITH Linux-syscall-note" \
		>kernel-helpers/uapi/good.h
	printf '#!/bin/sh\n# SPDX-License-Identifier: %s\n' GPL-2.0-only >good-script
	echo data >results/good.tsv
	echo {} >results/good.jsonl
}
