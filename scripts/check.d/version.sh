# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="kernel versions are compared in compat.h only"

rule() {
	local list
	mapfile -t list < <(files '*.c' '*.h' '*.cc' '*/Kbuild' | grep -vx 'kernel-helpers/compat.h')
	[ ${#list[@]} -gt 0 ] || return 0
	grep -HnE 'LINUX_VERSION_CODE|KERNEL_VERSION\(' "${list[@]}" |
		sed 's/$/: belongs into compat.h, under a name/' || true
}

canary() {
	mkdir -p kernel-helpers lib
	echo '#if LINUX_VERSION_CODE >= 1' | tee kernel-helpers/bad.c >lib/bad.h
	echo '#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)' >kernel-helpers/compat.h
	echo 'int linux_version;' >kernel-helpers/good.c
}
