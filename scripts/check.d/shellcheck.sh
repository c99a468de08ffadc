# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="shellcheck finds nothing in the shell scripts"

rule() {
	local f options
	command -v shellcheck >/dev/null || {
		echo "no shellcheck: apt-get install shellcheck"
		return 4
	}
	shell_scripts | while read -r f; do
		options=(--format=gcc)
		# A part is sourced; its variables are the script's that sources it.
		head -n 1 "$f" | grep -q '^#!' || options+=("--exclude=SC2034,SC2154")
		shellcheck "${options[@]}" "$f"
	done
	return 0
}

canary() {
	cp "$TOP/.shellcheckrc" .
	printf '#!/bin/bash\nrm $1\n' >bad
	printf '# shellcheck shell=bash\nf() {\n\tcd $1\n}\n' >bad.sh
	printf '#!/bin/bash\nrm "$1"\n' >good
	printf '# shellcheck shell=bash\nf() {\n\techo "$mine"\n}\n' >good.sh
}
