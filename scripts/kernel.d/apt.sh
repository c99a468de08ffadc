# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernel packages of any Debian suite, from the machine's own mirror, through a
# private apt configuration: the system's package lists and sources stay as they
# are. apt checks the archive's signature and each file's hash.

# apt_mirror SUITE: the URI that serves the suite, from the machine's sources.
# A newer suite or backports stand on the same mirror as the system's own.
apt_mirror() {
	local suite=$1 own
	own=$(. /etc/os-release && echo "$VERSION_CODENAME")
	env -u APT_CONFIG apt-get indextargets \
		--format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v suite="$suite" -v own="$own" '
			$2 == "main" && $1 == suite { exact = $3 }
			$2 == "main" && $1 == own { base = $3 }
			END { print exact ? exact : suite ~ /-security$/ ? "" : base }'
}

# apt_private SUITE...: from here on apt-get and apt-cache know these suites only
apt_private() {
	local dir="$CACHE/apt/$*" suite uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	dir=${dir// /+}
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	[ -e "$keyring" ] || keyring=
	: >"$dir/sources.list.new"
	for suite in "$@"; do
		uri=$(apt_mirror "$suite")
		[ -n "$uri" ] || continue
		echo "deb ${keyring:+[signed-by=$keyring] }$uri $suite main" >>"$dir/sources.list.new"
	done
	[ -s "$dir/sources.list.new" ] ||
		die 1 "no Debian mirror found in this machine's apt sources: add one to /etc/apt"
	mv "$dir/sources.list.new" "$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		Dir::State::Lists "$dir/lists";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "-";
		Acquire::Languages "none";
		Acquire::Retries "3";
		APT::Sandbox::User "root";
	END
	export APT_CONFIG=$dir/apt.conf
	locked "apt-${dir##*/}" apt-get -qq update >&2 || die 1 "apt-get update failed for $*: is the network there?"
}

# apt_newest REGEX: of the package names matching, the one with the newest version
apt_newest() {
	apt-cache search --names-only "^$1\$" | cut -d' ' -f1 | sort -V | tail -n 1
}

apt_version() {
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1
}

# apt_fetch DIR PACKAGE[=VERSION]...: download into DIR, all or nothing
apt_fetch() {
	local dir=$1
	shift
	mkdir -p "$dir"
	(cd "$dir" && apt-get -qq download "$@" >&2) ||
		die 1 "downloading $* failed: is the network there, is the disk full?"
}
