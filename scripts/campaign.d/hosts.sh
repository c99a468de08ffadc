# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Boots spread by GNU parallel, on this machine and over ssh logins.

JOB=kit/scripts/campaign.d/job
WORK=.cache/hmmstorm/campaign # in the home of a host
spread=

# Ended twice, parallel ends its jobs and they their guests; once, it waits for them.
# It is a group of its own, so that the terminal's ^C comes to us alone.
hosts_stop() {
	trap '' INT TERM HUP
	say "stopping; the same command goes on from here"
	if [ -n "$spread" ]; then
		kill -TERM "$spread" 2>/dev/null || true
		sleep 0.3
		kill -TERM "$spread" 2>/dev/null || true
		wait "$spread" 2>/dev/null || true
	fi
	exit $((128 + $1))
}

# spread PARALLEL_ARGS...: the missing boots, in order. What jobs say of themselves is
# read as they end. Killed with us, parallel starts no more (setpriv: a TERM when its
# parent is gone).
spread() {
	local position status seconds tries host
	trap 'hosts_stop 1' HUP
	trap 'hosts_stop 2' INT
	trap 'hosts_stop 15' TERM
	began=$SECONDS
	exec {lines}< <(
		exec {lock}>&-
		cd "$dir" && exec setpriv --pdeathsig TERM setsid parallel --plain --halt never \
			--termseq TERM,20000,KILL,100 "$@" :::: <(printf '%s\n' "${missing[@]}") 2>"$dir/parallel.txt"
	)
	spread=$!
	while IFS=$'\t' read -r position status seconds tries host <&"$lines"; do
		if [ -n "$hosts" ] && ! gather_unpack "$position"; then
			say "${folders[$position]}: what came back from $host is damaged"
			continue
		fi
		gather_ended "$position" "$status" "$seconds" "$tries" "$host"
	done
	exec {lines}<&-
	wait "$spread" || true # what is not there is found by looking
	spread=
	grep -v '^parallel: Warning' "$dir/parallel.txt" | tail -n 5 >&2 || true
}

local_run() {
	local said
	said=$("$dir/$JOB" --check 2>&1) || die 4 "$said"
	jobs=${jobs:-$said}
	say "${#missing[@]} of $total boots, $jobs at a time"
	spread -j "$jobs" "bash $JOB {}"
}

# hosts_list: one login a line, of a file or by commas
hosts_list() {
	if [ -f "$hosts" ]; then
		sed 's/#.*//; s/^[ \t]*//; s/[ \t]*$//' "$hosts" | grep . || true
	else
		tr , '\n' <<<"$hosts" | grep . || true
	fi
}

# hosts_ready LOGIN: the kit goes there (only what it lacks), and the host is asked
# whether it can boot it. Prints "SLOTS/LOGIN".
hosts_ready() {
	local login=$1 slots=
	if [[ $login =~ ^([0-9]+)/(.*)$ ]]; then
		slots=${BASH_REMATCH[1]}
		login=${BASH_REMATCH[2]}
	fi
	said=$(cd "$dir" && parallel --plain --nonall -S "1/$login" --workdir "$workdir" \
		--basefile kit --basefile jobs.tsv "$job --check" 2>&1 </dev/null) || {
		say "host $login cannot be used: $(tail -n 1 <<<"$said")"
		return 4
	}
	echo "${slots:-${jobs:-$(tail -n 1 <<<"$said")}}/$login"
}

# Hosts are made ready at once, the first that cannot be used ends it: to leave it out
# without a word would change what is measured where.
hosts_all() {
	local login pids=() pid status=0
	while read -r login; do
		hosts_ready "$login" </dev/null >>"$dir/.tmp/logins" {lock}>&- &
		pids+=($!)
	done < <(hosts_list)
	[ ${#pids[@]} -gt 0 ] || die 2 "--hosts $hosts names no host"
	for pid in "${pids[@]}"; do
		wait "$pid" || status=$?
	done
	return "$status"
}

hosts_run() {
	local logins=()
	[ -e "$dir/id" ] || od -An -tx8 -N8 /dev/urandom | tr -d ' ' | replace "$dir/id"
	workdir=$WORK/$(cat "$dir/id")
	# on this machine (":") parallel takes the working directory to be in DIR
	job="[ -e $JOB ] || cd ../../../..; bash $JOB"
	mkdir -p "$dir/.tmp" "$dir/.back"
	: >"$dir/.tmp/logins"
	say "getting the hosts ready"
	hosts_all || die 4 "mend or leave out the hosts named above"
	mapfile -t logins <"$dir/.tmp/logins"
	say "${#missing[@]} of $total boots on ${#logins[@]} hosts: ${logins[*]}"
	[ "${value[mode]}" = deterministic ] || [ ${#logins[@]} -eq 1 ] ||
		say "times of several hosts will stand side by side; job.tsv of each boot names its host"
	spread --sshloginfile "$dir/.tmp/logins" -j 100% --workdir "$workdir" --retries 3 \
		--return .back/{}.tar "$job --pack {}"
	gather_missing
	[ ${#missing[@]} -gt 0 ] || hosts_clean
}

# Everything is here: nothing stays there.
hosts_clean() {
	rm -rf "$dir/.back" "$dir/.cache"
	parallel --plain --nonall --sshloginfile "$dir/.tmp/logins" \
		"rm -rf ~/$workdir" </dev/null >/dev/null 2>&1 ||
		say "a host keeps its copy, ~/$workdir"
}
