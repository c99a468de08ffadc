# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What of a campaign is there, and what came back how.

declare -A folders=()
missing=()
total=0
ended=0 # boots of this run, well or not

# is_whole FOLDER: it ended well, and every file is what was written on its host
is_whole() {
	[ "$(cat "$dir/$1/status" 2>/dev/null)" = 0 ] &&
		(cd "$dir/$1" && sha256sum --quiet --strict --check sha256 >/dev/null 2>&1)
}

gather_missing() {
	local position folder
	missing=()
	total=0
	while IFS=$'\t' read -r position folder _; do
		[ "$position" != position ] || continue
		folders[$position]=$folder
		total=$((total + 1))
		if is_whole "$folder"; then
			continue
		fi
		if [ -d "$dir/$folder" ]; then
			say "$folder is damaged: it is measured again; what is left is in .damaged"
			rm -rf "$dir/.damaged/$folder"
			mkdir -p "$dir/.damaged/${folder%/*}"
			mv "$dir/$folder" "$dir/.damaged/$folder"
		fi
		missing+=("$position")
	done <"$dir/jobs.tsv"
}

# gather_ended POSITION STATUS SECONDS TRIES HOST: a line of progress
gather_ended() {
	local left=$((${#missing[@]} - ended - 1)) about word
	ended=$((ended + 1))
	if [ "$2" = 0 ]; then word="done"; else word="ended with status $2"; fi
	[ "$4" -lt 2 ] || word+=" at try $4"
	about=$(((SECONDS - began) * left / ended))
	say "[$((total - left))/$total] ${folders[$1]} $word on $5 in $3 s$(
		[ $left = 0 ] || echo "; about $((about / 60)) min $((about % 60)) s left")"
}

# gather_unpack POSITION: a folder that came back from a host, checked, to its place
gather_unpack() {
	local tmp=$dir/.tmp/in-$1 folder=${folders[$1]} what
	what=$folder
	if is_whole "$folder"; then # this machine is among the hosts
		rm -f "$dir/.back/$1.tar"
		return 0
	fi
	rm -rf "$tmp"
	mkdir -p "$tmp"
	tar -C "$tmp" -xf "$dir/.back/$1.tar" || return 1
	[ -d "$tmp/$what" ] || what=.failed/$folder
	(cd "$tmp/$what" && sha256sum --quiet --strict --check sha256) >&2 || return 1
	rm -rf "${dir:?}/$what" "$dir/.failed/$folder"
	mkdir -p "$dir/${what%/*}"
	find "$tmp/$what" -type f -exec sync {} +
	mv "$tmp/$what" "$dir/$what"
	rm -rf "$tmp" "$dir/.back/$1.tar"
}

gather_failed() {
	local at=$dir/.failed/$1
	say "$1 ended with status $(cat "$at/status"); output.txt under .failed/ ends:"
	tail -n 3 "$at/output.txt" | cut -c 1-200 | sed 's/^/  /' >&2
}

# The end of every run: all there, or what is not and why. Its status is the campaign's.
gather_report() {
	local position failed=0 silent=0
	gather_missing
	for position in "${missing[@]}"; do
		if [ -e "$dir/.failed/${folders[$position]}/status" ]; then
			failed=$((failed + 1))
			gather_failed "${folders[$position]}"
		else
			silent=$((silent + 1))
			say "${folders[$position]} is missing"
		fi
	done
	say "$((total - ${#missing[@]})) of $total boots are there, $failed failed, $silent missing: $dir"
	[ ${#missing[@]} -eq 0 ]
}
