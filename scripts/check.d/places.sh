# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="no registry's host name and no absolute path of one machine"

# Written so that they do not match themselves.
HOSTS='(files[.])?python''hosted[.]org|py''pi[.]org|registry[.]npm''js[.]org|crates''[.]io'
HOSTS+='|proxy[.]golang''[.]org|ruby''gems[.]org|(deb|snapshot|security)[.]debian''[.]org'
HOSTS+='|(archive|ports)[.]ubuntu''[.]com|repo[.]maven''|arti''factory|hub[.]docker''[.]com'
# A bare root's home is that of any Linux, such as the lab's guest; below it is not.
PATHS='(^|[^A-Za-z0-9_.$}*~/-])/(work(/|[^A-Za-z0-9_/-]|$)|root/[A-Za-z0-9_.])'

# The hosts this very machine gets its packages from.
own_hosts() {
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/pip.conf \
			~/.config/pip/pip.conf ~/.npmrc ~/.cargo/config.toml 2>/dev/null
		env | grep -iE '(proxy|index_url|registry)=' || true
	} | grep -oE '[a-z+]+://[^/ :"]+' | sed 's|.*[/@]||' | grep '[.]' |
		grep -vE '^(127[.]|localhost)' | sort -u | sed 's/[.]/[.]/g' | paste -sd '|'
}

rule() {
	local list hosts
	mapfile -t list < <(files '*')
	[ ${#list[@]} -gt 0 ] || return 0
	hosts=$(own_hosts)
	grep -IHniE "$HOSTS${hosts:+|$hosts}" "${list[@]}" | sed 's/^\([^:]*:[0-9]*\):.*/\1: names a package registry/'
	grep -IHnE "$PATHS" "${list[@]}" | sed 's/^\([^:]*:[0-9]*\):.*/\1: has an absolute path of one machine/'
	return 0
}

canary() {
	echo "url=https://py""pi.org/simple" >bad-host
	echo "deb http://deb.debian"".org/debian" >bad-mirror
	printf 'cat /%s/x\n' work >bad-path
	printf 'cd /%s/.cache\n' root >bad-home
	printf 'cd "$TOP/%s/x" # root/work, /works, HOME=/%s\n' root root >good
}
