# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="functions have at most 60 lines"

rule() {
	local list
	mapfile -t list < <(files '*.c' '*.h' '*.cc')
	while read -r f; do list+=("$f"); done < <(shell_scripts)
	[ ${#list[@]} -gt 0 ] || return 0
	# Kernel style: a function's braces, and only they, stand in the first column.
	awk 'FNR == 1 { start = 0 }
		/^[^ \t#\/*]/ && /\(/ { name = $0 }
		/^{/ || /^[a-z_0-9]+\(\) [{(]$/ { start = FNR }
		/^[})]/ && start {
			if (FNR - start - 1 > 60)
				print FILENAME ":" start ": " FNR - start - 1 " lines: " name
			start = 0
		}' "${list[@]}"
}

canary() {
	{ printf 'int f(void)\n{\n'; yes '	x++;' | head -n 61; echo '}'; } >bad.c
	{ printf '#!/bin/bash\nf() {\n'; yes '	:' | head -n 61; echo '}'; } >bad-script
	{ printf 'int f(void)\n{\n'; yes '	x++;' | head -n 60; echo '}'; } >good.c
	{ printf 'static const int table[] = {\n'; yes '	1,' | head -n 99; echo '};'; } >good-table.c
}
