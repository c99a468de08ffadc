# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# DIR/kit, all that a host needs to run a boot of the campaign:
#   scripts/vm, scripts/campaign.d/job, build/bin/hmmstorm-vmwatch, build/lib/windows.so
#   kernel/LABEL/CONFIG/   bzImage release confighash name config-name HASH.cpio
#   set/NAME, vm-args      words, each ended by a NUL
#   mode, qemu, programs   what must be the same everywhere, always
# A resumed campaign boots what its first run froze, whatever was built since.

# The programs that go into the guest and those that run it, by content.
kit_programs() {
	(cd "$TOP" && find build/bin kernel-helpers scripts/vm scripts/initramfs -type f ! -name '.*' -print0 |
		LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

kit_lacks() {
	local item config
	for item in ${value[kernels]//,/ }; do
		for config in ${value[configs]//,/ }; do
			[ -e "$dir/kit/kernel/${item%%=*}/$config/name" ] || return 0
		done
	done
	return 1
}

# Two sides of one campaign must not differ in our own programs.
kit_settle() {
	[ -e "$dir/kit/programs" ] && kit_lacks || return 0
	[ "$(cat "$dir/kit/programs")" = "$(kit_programs)" ] || die 2 \
		"hmmstorm's programs have changed since $dir was begun, and a kernel is to be added: begin a new DIR"
}

# kit_kernel LABEL NAME CONFIG
kit_kernel() {
	local at=$dir/kit/kernel/$1/$3 ready base
	[ ! -e "$at/name" ] || return 0
	say "getting kernel $1 ($3) ready"
	ready=$("$HERE/kernel" --config "$3" "$2" {lock}>&-) || die 1 "kernel $1 ($3) cannot be had: see above"
	base=$(HMMSTORM_KERNEL_NAME=$2 HMMSTORM_KERNEL_CONFIG=$3 "$HERE/initramfs" "$ready") ||
		die 1 "no initramfs for kernel $1 ($3): see above"
	rm -rf "$at" "$at.new"
	mkdir -p "$at.new"
	cp --reflink=auto "$ready"/{bzImage,config,release,confighash,source} "$base" "$at.new/"
	echo "$3" >"$at.new/config-name"
	echo "$1" >"$at.new/name"
	sync "$at.new"/*
	mv "$at.new" "$at"
}

kit_sets() {
	local set words
	mkdir -p "$dir/kit/set"
	for set in ${value[sets]//,/ }; do
		if [ -n "${value[command]}" ]; then
			eval "words=(${value[command]})" # our own %q
		else
			words=(hmmstorm run --part "$set")
		fi
		printf '%s\0' "${words[@]}" | replace "$dir/kit/set/$set"
	done
	words=(--modules "${value[modules]}" --cpus "${value[cpus]}" --numa "${value[numa]}" --memory "${value[memory]}" --timeout "${value[timeout]}")
	[ "${value[mode]}" = parallel ] || words+=(--deterministic)
	[ "${value[functions]}" = no ] || words+=(--functions)
	[ -z "${value[append]}" ] || words+=(--append "${value[append]}")
	printf '%s\0' "${words[@]}" | replace "$dir/kit/vm-args"
	echo "${value[mode]}" | replace "$dir/kit/mode"
}

kit_freeze() {
	local item config
	if [ ! -e "$dir/kit/programs" ]; then
		mkdir -p "$dir/kit"/{scripts/campaign.d,build/bin,build/lib}
		cp "$HERE/vm" "$dir/kit/scripts/"
		cp "$HERE/campaign.d/job" "$dir/kit/scripts/campaign.d/"
		cp "$BIN/hmmstorm-vmwatch" "$dir/kit/build/bin/"
		cp "$BIN/../lib/windows.so" "$dir/kit/build/lib/"
		qemu-system-x86_64 --version | sed -n 's/.*version \([^ ]*\).*/\1/p' | replace "$dir/kit/qemu"
		kit_programs | replace "$dir/kit/programs"
	fi
	for item in ${value[kernels]//,/ }; do
		for config in ${value[configs]//,/ }; do
			kit_kernel "${item%%=*}" "${item#*=}" "$config"
		done
	done
	kit_sets
}
