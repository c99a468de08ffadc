# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Debian's own kernel as it comes, and a tree that builds modules for it.
#
# The headers package's host tools want a newer glibc than the release we run
# on, so modpost and objtool are built here (make modules_prepare) from the same
# source version with the stock .config and the stock Module.symvers. That is
# only honest if our compiler yields the same configuration and the same
# structures: both are checked.

# Options that say which tools there were, and nothing about the kernel's ABI.
TOOL_OPTIONS='CC_|GCC_|LD_|AS_|RUST|BINDGEN|PAHOLE_|HAVE_RUST|TOOLS_SUPPORT_|CLANG_|LLD_|OPENSSL_'
TOOL_OPTIONS+='|HAVE_KCSAN_COMPILER|HAVE_KMSAN_COMPILER|.*_VERSION(_TEXT)?='

# Structures a module or its inlines look into.
LAYOUT_STRUCTS='task_struct mm_struct vm_area_struct page folio module file mmu_notifier_range
	mmu_interval_notifier mmu_notifier dev_pagemap migrate_vma hmm_range'

stock_cloud() {
	local line=$1 dir=$2 image release version tmp
	image=$(apt_newest "linux-binary-$line\\.[0-9.]+\\+deb[0-9]+-cloud-amd64")
	[ -n "$image" ] || die 1 "no stock $line kernel in the suites known for it:" \
		"the archive may have moved on; try another --kernel"
	release=${image#linux-binary-}
	version=$(apt_version "$image")
	tmp=$dir/deb
	step "download kernel" apt_fetch "$tmp" "$image" "linux-headers-$release"
	source_package "$line"
	[ "$src_version" = "$version" ] ||
		die 1 "kernel $version and source $src_version differ: run again in an hour"
	for deb in "$tmp"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$tmp" --wildcards --transform 's|.*/||' \
				'./usr/lib/modules/*/vmlinuz' './usr/src/linux-headers-*/.config' \
				'./usr/src/linux-headers-*/Module.symvers' \
				'./usr/src/linux-headers-*/vmlinux' 2>/dev/null || true
	done
	mv "$tmp/vmlinuz" "$dir/bzImage"
	mv "$tmp/.config" "$dir/config"
	mv "$tmp/vmlinux" "$dir/vmlinux"
	echo "$release" >"$dir/release"
	echo "linux-binary $version" >"$dir/source"
	step prepare stock_prepare "$dir" "$release" "$tmp/Module.symvers"
	rm -rf "$tmp"
}

# stock_prepare DIR RELEASE SYMVERS: the tree that builds modules for it
stock_prepare() {
	local dir=$1 release=$2 symvers=$3 build=$CACHE/build/$id
	rm -rf "$build"
	mkdir -p "$build"
	ln -s "$build" "$dir/build"
	cp "$dir/config" "$build/.config"
	cp "$symvers" "$build/Module.symvers"
	# vermagic: the source says 7.3.4, the stock release has a tail
	echo "${release#"$(make -s -C "$src" kernelversion)"}" >"$build/localversion-hmmstorm"
	quiet_make -C "$src" O="$build" olddefconfig
	stock_check_config "$dir/config" "$build/.config"
	quiet_make -C "$src" O="$build" modules_prepare
	[ "$(cat "$build/include/config/kernel.release")" = "$release" ] ||
		die 1 "the prepared tree is $(cat "$build/include/config/kernel.release"), not $release"
	stock_check_layout "$dir/vmlinux" "$build"
}

stock_check_config() {
	local differ
	differ=$(diff <(grep -E '^CONFIG_' "$1" | sort) <(grep -E '^CONFIG_' "$2" | sort) |
		sed -n 's/^[<>] CONFIG_//p' | grep -Ev "^($TOOL_OPTIONS)" | cut -d= -f1 | sort -u || true)
	[ -z "$differ" ] || die 1 "this machine's tools change the stock configuration:" \
		"$(echo "$differ" | head -5 | xargs); is package dwarves installed?"
}

stock_check_layout() {
	local vmlinux=$1 build=$2 probe=$2/hmmstorm-layout s
	mkdir -p "$probe"
	echo 'obj-m := layout.o' >"$probe/Kbuild"
	{
		printf '#include <linux/%s.h>\n' module mm sched fs mmu_notifier memremap migrate hmm
		for s in $LAYOUT_STRUCTS; do
			echo "struct $s *hmmstorm_layout_$s;"
		done
	} >"$probe/layout.c"
	quiet_make -C "$build" M="$probe" KCFLAGS=-g layout.o
	for s in $LAYOUT_STRUCTS; do
		layout_of -F btf "$vmlinux" "$s" >"$probe/$s.stock"
		layout_of -F dwarf "$probe/layout.o" "$s" >"$probe/$s.here"
		[ -s "$probe/$s.here" ] && cmp -s "$probe/$s.stock" "$probe/$s.here" ||
			die 1 "struct $s has another layout with this machine's compiler than in the" \
				"stock kernel: modules built here would break it; use --kernel 7.3 instead"
	done
}

# layout_of PAHOLE_ARGS... STRUCT: members with offset and size. BTF does not
# carry alignment attributes, and pahole complains of kinds newer than itself.
layout_of() {
	pahole "${@:1:$#-1}" -C "${!#}" 2>/dev/null |
		sed -E -n -e 's/ *__attribute__\(\(__aligned__\([0-9]+\)\)\)//g' -e 's/[ \t]+/ /g' \
			-e '/\/\* *[0-9]+(: *[0-9]+)? +[0-9]+ *\*\/$/p' -e 's/.*(size: [0-9]+),.*/\1/p'
}

# Debian's older stock kernels: no device-private memory, hence no test_hmm.
# What they are good for is seeing every part of this suite say so.
stock_old() {
	local line=$1 dir=$2 image tmp=$2/deb
	image=$(apt_newest "linux-image-$line\\.[0-9.]+(\\+deb[0-9]+|-[0-9]+)-cloud-amd64")
	[ -n "$image" ] || die 1 "no stock $line kernel in the suites known for it"
	step "download kernel" apt_fetch "$tmp" "$image"
	dpkg-deb --fsys-tarfile "$tmp"/*.deb |
		tar -x -C "$tmp" --wildcards --transform 's|.*/||' './boot/*' 2>/dev/null
	mv "$tmp"/vmlinuz-* "$dir/bzImage"
	mv "$tmp"/config-* "$dir/config"
	echo "${image#linux-image-}" >"$dir/release"
	echo "linux-image $(apt_version "$image")" >"$dir/source"
	rm -rf "$tmp"
}
