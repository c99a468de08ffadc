# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernel source trees: unpacked once per package version, never built in.

# source_package VERSION_LINE: fetch and unpack linux-source-LINE, set $src and
# $src_version. Renamed into place when complete, so a half tree is never used.
source_package() {
	local line=$1
	src_version=$(apt_version "linux-source-$line")
	[ -n "$src_version" ] || die 1 "no linux-source-$line in the suites known for it:" \
		"the archive may have moved on; give a source tree instead of '$line'"
	src=$CACHE/src/linux-$line-$src_version
	[ -d "$src" ] || locked "linux-$line" source_unpack "$line"
}

source_unpack() {
	local line=$1 tmp
	[ ! -d "$src" ] || return 0 # while we waited
	tmp=$CACHE/src/.tmp-$line
	rm -rf "$tmp"
	mkdir -p "$tmp/tree"
	step "download source" apt_fetch "$tmp" "linux-source-$line=$src_version"
	step "unpack source" unpack_source "$tmp"
	mv "$tmp/tree" "$src"
	rm -rf "$tmp"
}

# The package holds one .tar.xz of many blocks: xz unpacks those in parallel.
unpack_source() {
	dpkg-deb --fsys-tarfile "$1"/*.deb |
		tar -x --to-stdout --wildcards './usr/src/linux-source-*.tar.xz' |
		xz -dc -T0 | tar -x -C "$1/tree" --strip-components=1 ||
		die 1 "unpacking linux-source failed: is the disk full?"
}
