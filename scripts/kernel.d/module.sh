# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Out-of-tree modules, built in the cache against a ready kernel.

# module_test_hmm DIR: the kernel's own test module, from its unchanged source
module_test_hmm() {
	local work=$CACHE/build/$id/hmmstorm-test_hmm
	mkdir -p "$work"
	cp "$src/lib/test_hmm.c" "$src/lib/test_hmm_uapi.h" "$work/"
	echo 'obj-m := test_hmm.o' >"$work/Kbuild"
	quiet_make -C "$1/build" M="$work" modules
	strip --strip-debug -o "$1/modules/test_hmm.ko" "$work/test_hmm.ko"
}

# module_build DIR SOURCE: print the directory with SOURCE's .ko files for the
# kernel DIR. Keyed by the content of the source, so an edit is another build, and by the
# kernel's image: structures may have changed in a tree of the user's.
module_build() {
	local dir=$1 source hash out tmp
	source=$(readlink -f "$2")
	[ -e "$dir/build/Makefile" ] || die 4 "this kernel has no tree to build modules against"
	hash=$( (cd "$source" && find . -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
		-print0 | LC_ALL=C sort -z | xargs -0 sha256sum; cat "$dir/confighash" "$dir/bzImage"; readlink "$dir/build") |
		sha256sum)
	out=$CACHE/module/$(basename "$dir")-${hash:0:12}
	if [ ! -d "$out" ]; then
		locked "${out##*/}" module_make "$dir" "$source" "$out"
	fi
	echo "$out"
}

module_make() {
	local dir=$1 source=$2 out=$3 tmp=$3.tmp
	[ ! -d "$out" ] || return 0
	rm -rf "$tmp"
	mkdir -p "$tmp/build" "$tmp/ko"
	cp -r "$source/." "$tmp/build/"
	quiet_make -C "$dir/build" M="$tmp/build" modules
	find "$tmp/build" -name '*.ko' -exec sh -c 'strip --strip-debug -o "$1/$(basename "$2")" "$2"' - "$tmp/ko" {} \;
	mv "$tmp/ko" "$out"
	rm -rf "$tmp"
}
