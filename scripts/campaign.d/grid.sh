# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Which boots a campaign consists of: its arguments, kept in DIR/campaign.tsv, and the
# boots that follow from them, in DIR/jobs.tsv.

GRID_KEYS="kernels configs sets seeds repeat"
MACHINE_KEYS="mode functions modules cpus numa memory append timeout command"
PARTS="regress costs crossover live"
RESERVED="kit slurm"

declare -A given=() value=()

# grid_seeds LIST: 1-3,9 as 1,2,3,9
grid_seeds() {
	local part list=()
	[ -n "$1" ] || die 2 "--seeds wants numbers, such as 1-5 or 1,2,9"
	for part in ${1//,/ }; do
		if [[ $part =~ ^([0-9]{1,9})-([0-9]{1,9})$ ]] && [ "${BASH_REMATCH[1]}" -le "${BASH_REMATCH[2]}" ]; then
			mapfile -t -O ${#list[@]} list < <(seq "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}")
		elif [[ $part =~ ^[0-9]{1,18}$ ]]; then
			list+=("$part")
		else
			die 2 "--seeds: '$part' is no number and no range such as 1-5"
		fi
	done
	grid_join "${list[@]}"
}

# grid_join WORD...: by commas, each word once
grid_join() {
	printf '%s\n' "$@" | awk 'NF && !seen[$0]++' | paste -sd,
}

# grid_kernels LIST: each as LABEL=NAME, the NAME of a path absolute
grid_kernels() {
	local item label name list=()
	for item in ${1//,/ }; do
		label=${item%%=*}
		name=${item#*=}
		if [[ $name == */* ]] || { [[ ! $name =~ ^([a-z]+-)?[0-9.]+$ ]] && [ -e "$name" ]; }; then
			[ "$label" != "$item" ] || label=$(basename "$name")
			name=$(readlink -e "$name") || die 2 "--kernels: no $item"
		fi
		[[ $label =~ ^[A-Za-z0-9_][A-Za-z0-9_.+-]*$ ]] ||
			die 2 "--kernels: '$label' is no label: letters, digits, and . _ + - inside"
		[[ " $RESERVED " != *" $label "* ]] || die 2 "--kernels: '$label' is a folder of the campaign's own"
		[ ! -v "seen[$label]" ] || [ "${seen[$label]}" = "$name" ] ||
			die 2 "--kernels: two are called $label: name them, LABEL=NAME"
		seen[$label]=$name
		list+=("$label=$name")
	done
	[ ${#list[@]} -gt 0 ] || die 2 "--kernels wants at least one"
	grid_join "${list[@]}"
}

grid_names() {
	local word
	for word in ${2//,/ }; do
		[[ $word =~ ^[A-Za-z0-9_][A-Za-z0-9_.+-]*$ ]] || die 2 "--$1: '$word' is no name"
	done
	# shellcheck disable=SC2086 # words
	grid_join ${2//,/ }
}

# What was given, in the one form in which it is kept and compared.
grid_normalise() {
	local key
	local -A seen=()
	for key in "${!given[@]}"; do
		[[ ${given[$key]} != *[$'\t\n']* ]] || die 2 "--$key: a tab or a new line cannot be kept"
		case $key in
		kernels) given[$key]=$(grid_kernels "${given[$key]}") || exit ;;
		seeds) given[$key]=$(grid_seeds "${given[$key]}") || exit ;;
		configs | sets) given[$key]=$(grid_names "$key" "${given[$key]}") || exit ;;
		repeat | cpus | numa | timeout)
			[[ ${given[$key]} =~ ^[0-9]{1,6}$ ]] || die 2 "--$key wants a number, not '${given[$key]}'"
			;;
		modules) [[ ${given[$key]} =~ ^(none|test_hmm|all)$ ]] || die 2 "--modules '${given[$key]}': none, test_hmm or all" ;;
		memory) [[ ${given[$key]} =~ ^[0-9]{1,6}[MG]$ ]] || die 2 "--memory wants a size such as 512M or 2G" ;;
		esac
	done
}

grid_defaults() {
	given[kernels]=${given[kernels]:-6.1,6.12,7.3}
	given[configs]=${given[configs]:-base}
	given[command]=${given[command]:-}
	given[sets]=${given[sets]:-$([ -n "${given[command]}" ] && echo command || echo regress)}
	given[seeds]=${given[seeds]:-1-5}
	given[repeat]=${given[repeat]:-1}
	given[mode]=${given[mode]:-deterministic}
	given[functions]=${given[functions]:-no}
	given[modules]=${given[modules]:-none}
	given[cpus]=${given[cpus]:-2}
	given[numa]=${given[numa]:-$([ "${given[cpus]}" = 1 ] && echo 1 || echo 2)}
	given[memory]=${given[memory]:-2G}
	given[append]=${given[append]-numa_balancing=disable}
	given[timeout]=${given[timeout]:-1800}
}

# grid_enlarge KEY: what is kept and what is given, together
grid_enlarge() {
	if [ "$1" = repeat ]; then
		[ "${given[repeat]}" -le "${value[repeat]}" ] || value[repeat]=${given[repeat]}
		return
	fi
	# shellcheck disable=SC2086 # words
	value[$1]=$(grid_join ${value[$1]//,/ } ${given[$1]//,/ })
}

# The arguments: kept ones, given ones, defaults.
grid_settle() {
	local key differ=()
	if [ ! -f "$dir/campaign.tsv" ]; then
		[ "$extend" = 0 ] || die 2 "--extend: $dir holds no campaign yet"
		grid_defaults
		grid_normalise
		for key in $GRID_KEYS $MACHINE_KEYS; do
			value[$key]=${given[$key]}
		done
	else
		grid_normalise
		while IFS=$'\t' read -r key kept; do
			value[$key]=$kept
		done < <(tail -n +2 "$dir/campaign.tsv")
		for key in $GRID_KEYS $MACHINE_KEYS; do
			[ -v "given[$key]" ] && [ "${given[$key]}" != "${value[$key]}" ] || continue
			if [ "$extend" = 1 ] && [[ " $GRID_KEYS " == *" $key "* ]]; then
				grid_enlarge "$key"
			else
				differ+=("$key was '${value[$key]}', now '${given[$key]}'")
			fi
		done
		[ ${#differ[@]} -eq 0 ] || die 2 "$dir was begun with other arguments: $(
			printf '%s; ' "${differ[@]}")give the same or none$(
			[ "$extend" = 1 ] && echo ' (--extend enlarges the grid alone)' || echo ', or --extend the grid')"
	fi
	grid_check
}

grid_check() {
	local set config item
	local -A seen=()
	for config in ${value[configs]//,/ }; do
		[ -e "$HERE/config/$config.config" ] || die 2 "--configs: no '$config': see hmmstorm kernel --help"
	done
	grid_kernels "${value[kernels]}" >/dev/null
	if [ -n "${value[command]}" ]; then
		[[ ${value[sets]} != *,* ]] || die 2 "one command is one set, not ${value[sets]}"
	else
		for set in ${value[sets]//,/ }; do
			[[ " $PARTS " == *" $set "* ]] || die 2 "--sets: no '$set': ${PARTS// /, }, or a command after --"
		done
	fi
	[ "${value[repeat]}" -ge 1 ] || die 2 "--repeat wants at least 1"
	[ "${value[functions]}" = no ] || [ "${value[mode]}" = deterministic ] ||
		die 2 "--functions counts instructions: it wants --deterministic"
	[ "${value[cpus]}" -ge 1 ] && [ "${value[numa]}" -ge 1 ] && [ "${value[numa]}" -le "${value[cpus]}" ] ||
		die 2 "--cpus ${value[cpus]} --numa ${value[numa]}: a node has at least one CPU"
}

# The boots of the grid as lines "folder kernel config set seed repeat". Kernels are
# innermost: what drifts with time meets all of them alike.
grid_boots() {
	local seed n set config kernel
	for seed in ${value[seeds]//,/ }; do
		for ((n = 1; n <= value[repeat]; n++)); do
			for set in ${value[sets]//,/ }; do
				for config in ${value[configs]//,/ }; do
					for kernel in ${value[kernels]//,/ }; do
						kernel=${kernel%%=*}
						printf '%s\t%s\t%s\t%s\t%s\t%s\n' \
							"$kernel/$config/$set/seed-$seed$([ $n = 1 ] || echo "-$n")" \
							"$kernel" "$config" "$set" "$seed" "$n"
					done
				done
			done
		done
	done
}

# Positions once given stay; new boots come after them.
grid_jobs() {
	grid_boots | awk -F'\t' -v OFS='\t' -v old="$1" '
		BEGIN {
			print "position", "folder", "kernel", "config", "set", "seed", "repeat"
			while ((getline line < old) > 0) {
				split(line, f, "\t")
				if (f[1] !~ /^[0-9]+$/) continue
				print line
				have[f[2]] = 1
				if (f[1] > n) n = f[1]
			}
		}
		!($1 in have) { print ++n, $0 }'
}

grid_print() {
	local position folder command
	while IFS=$'\t' read -r position folder _ _ set _; do
		[ "$position" != position ] && [ ! -e "$dir/$folder/status" ] || continue
		command=${value[command]:-hmmstorm run --part $set}
		printf '%s\t%s\t%s\n' "$position" "$folder" "${command% }"
	done < <(grid_jobs "$dir/jobs.tsv")
}

# replace FILE: standard input becomes FILE, whole or not at all
replace() {
	cat >"$1.new"
	sync "$1.new"
	mv "$1.new" "$1"
}

grid_write() {
	local key
	{
		printf 'key\tvalue\n'
		for key in $GRID_KEYS $MACHINE_KEYS; do
			printf '%s\t%s\n' "$key" "${value[$key]}"
		done
	} | replace "$dir/campaign.tsv"
	grid_jobs "$dir/jobs.tsv" | replace "$dir/jobs.tsv"
	tail -n +2 "$dir/jobs.tsv" | cut -f 1,2 | replace "$dir/order.tsv"
}
