# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Our own small kernel from a source tree and the fragments of scripts/config.

# The cause of a failed make comes first; what follows are its consequences.
show_errors() {
	grep -E -i -m 5 'error[: ]|not found|No such file|No rule|cannot' "$1" >&2 || tail -n 5 "$1" >&2
}

# quiet_make ARGS...: its output is shown only when it fails
quiet_make() {
	local log=$CACHE/log/make.$$
	mkdir -p "$CACHE/log"
	if ! make -j"$(nproc)" "$@" >"$log" 2>&1 </dev/null; then
		show_errors "$log"
		die 1 "make ${*: -1} failed; all of its output is in $log"
	fi
	rm -f "$log"
}

# fragments CONFIG: the files that make it up, base first
fragments() {
	echo "$CONFIG_DIR/base.config"
	[ "$1" = base ] || echo "$CONFIG_DIR/$1.config"
}

# build_config SRC BUILD CONFIG
build_config() {
	local src=$1 build=$2 all=$2/hmmstorm.fragment
	mkdir -p "$build"
	# later lines win in KCONFIG_ALLCONFIG, with a warning we need not see
	fragments "$3" | xargs cat >"$all"
	quiet_make -C "$src" O="$build" KCONFIG_ALLCONFIG="$all" allnoconfig
	check_config "$src" "$all" "$build/.config"
}

# Every option of the fragment came out as asked. Kconfig drops what it cannot
# have without a word, and a test on a kernel without its subject passes. A line
# "# not on: 6.1 7.3" excuses the option on the line after it there.
check_config() {
	local line missing
	line=$(make -s -C "$1" kernelversion | cut -d. -f1,2)
	missing=$(awk -v line="$line" '
		FNR == NR {
			if ($0 ~ /^CONFIG_/) have[$1] = 1
			next
		}
		/^# not on:/ {
			excused = index($0 " ", " " line " ")
			next
		}
		excused {
			excused = 0
			next
		}
		/^CONFIG_/ { want[substr($1, 1, index($1, "=") - 1)] = $1 }
		/^# CONFIG_.* is not set/ { want[$2] = "" }
		END {
			for (o in want)
				if (want[o] != "" && !(want[o] in have)) print want[o]
				else if (want[o] == "" && (o "=y" in have)) print o "=n"
		}' "$3" "$2" | sort | xargs)
	[ -z "$missing" ] || die 1 "this kernel ($line) does not take: $missing;" \
		"mark each '# not on: $line' in scripts/config if that is right"
}

# The same source, configuration and compiler make the same image on every machine and
# day: the banner is printed at boot, and each of its letters takes instructions.
BUILD_ENV=(KBUILD_BUILD_TIMESTAMP=2024-01-01 KBUILD_BUILD_USER=hmmstorm
	KBUILD_BUILD_HOST=lab KBUILD_BUILD_VERSION=1)

# build_kernel SRC BUILD CONFIG: configure, compile with a percentage, leave
# the tree in BUILD; make itself takes up where an interrupted run stopped.
build_kernel() {
	local src=$1 build=$2 config=$3 log=$2/hmmstorm.log count=$2/hmmstorm.lines expected
	step configure build_config "$src" "$build" "$config"
	# a first build that was interrupted has its objects still
	expected=$(cat "$count" 2>/dev/null ||
		echo $((BUILD_LINES - $(find "$build" -name '*.o' | wc -l))))
	[ "$expected" -gt 50 ] || expected=50
	: >"$log"
	env "${BUILD_ENV[@]}" make -j"$(nproc)" -C "$src" O="$build" bzImage modules >"$log" 2>&1 </dev/null &
	if ! progress_wait $! "$log" "$expected" "compile"; then
		show_errors "$log"
		die 1 "the kernel did not compile; all of make's output is in $log"
	fi
}
