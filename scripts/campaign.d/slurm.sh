# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Boots as tasks of Slurm array jobs. DIR is on a file system that all nodes share, so
# a task writes its folder in place, by rename as everywhere.

POLL_S=${CAMPAIGN_POLL_S:-5}

# slurm_queued: those of our array jobs that have not ended; 1: the controller is silent
slurm_queued() {
	local queue
	queue=$(squeue --noheader --me --format %F 2>/dev/null) || return 1
	touch "$dir/slurm/jobs"
	sort -u <<<"$queue" | grep -Fxf "$dir/slurm/jobs" || true
}

slurm_max() {
	local max
	max=$(scontrol show config | sed -n 's/^MaxArraySize *= *//p') || max=
	[ -n "$max" ] || die 1 "Slurm's controller does not answer: scontrol show config"
	[ "$max" -gt 1 ] || die 1 "this Slurm runs no array jobs: MaxArraySize is $max"
	echo "$max"
}

# slurm_submit FILE: one array job, a task for each position in FILE
slurm_submit() {
	local words range mb cpus=1
	range=0-$(($(wc -l <"$1") - 1))${jobs:+%$jobs}
	mb=${value[memory]}
	case $mb in
	*G) mb=$((${mb%G} * 1024)) ;;
	*) mb=${mb%M} ;;
	esac
	# a deterministic guest is one thread, whatever its vCPUs; a parallel one wants its node
	words=(--parsable --job-name hmmstorm --array "$range" --mem "$((mb + 512))M" --chdir "$dir"
		--output "$dir/slurm/%A_%a.txt" --requeue)
	if [ "${value[mode]}" = parallel ]; then
		cpus=${value[cpus]}
		words+=(--exclusive)
	fi
	# shellcheck disable=SC2206 # the user's words
	words+=(--cpus-per-task "$cpus" $sbatch_args)
	sbatch "${words[@]}" --wrap "exec bash $(printf '%q --list %q' "$dir/kit/scripts/campaign.d/job" "$1")"
}

slurm_submit_all() {
	local max list id
	max=$(slurm_max) || exit
	rm -f "$dir"/slurm/list.*
	printf '%s\n' "${missing[@]}" | split -l "$max" -d -a 5 - "$dir/slurm/list."
	: >"$dir/slurm/jobs"
	for list in "$dir"/slurm/list.*; do
		id=$(slurm_submit "$list") || {
			slurm_cancel
			die 1 "Slurm refused the job: see above"
		}
		echo "${id%%;*}" >>"$dir/slurm/jobs"
	done
	say "${#missing[@]} of $total boots, Slurm array job $(xargs <"$dir/slurm/jobs")"
}

slurm_cancel() {
	xargs -r scancel <"$dir/slurm/jobs" || true
}

slurm_stop() {
	trap '' INT TERM HUP
	say "stopping: cancelling Slurm job $(xargs <"$dir/slurm/jobs")"
	slurm_cancel
	exit $((128 + $1))
}

# Progress is what appears under its name.
slurm_look() {
	local position folder at
	for position in "${missing[@]}"; do
		folder=${folders[$position]}
		at=$dir/$folder
		[ -e "$at/status" ] || at=$dir/.failed/$folder
		[ -z "${seen[$position]:-}" ] && [ "$at/status" -nt "$dir/slurm/began" ] || continue
		seen[$position]=1
		gather_ended "$position" "$(cat "$at/status")" "$(sed -n 's/^seconds\t//p' "$at/job.tsv")" \
			"$(sed -n 's/^tries\t//p' "$at/job.tsv")" "$(sed -n 's/^host\t//p' "$at/job.tsv")"
	done
}

slurm_wait() {
	local queued silent=0
	local -A seen=()
	trap 'slurm_stop 1' HUP
	trap 'slurm_stop 2' INT
	trap 'slurm_stop 15' TERM
	began=$SECONDS
	while :; do
		if queued=$(slurm_queued); then
			silent=0
			slurm_look
			[ -n "$queued" ] || break
		elif [ $silent = 0 ]; then
			silent=1
			say "Slurm's controller does not answer; asking on"
		fi
		sleep "$POLL_S" {lock}>&- &
		wait $!
	done
	slurm_look
	trap - INT TERM HUP
}

# An array job of an earlier run that is still in the queue is waited for first.
slurm_run() {
	local queued
	mkdir -p "$dir/slurm"
	queued=$(slurm_queued) || die 1 "Slurm's controller does not answer: squeue"
	touch "$dir/slurm/began"
	if [ -n "$queued" ]; then
		[ "$submit_only" = 0 ] || die 2 "Slurm job $(xargs <<<"$queued") of this campaign is in the queue already"
		say "Slurm job $(xargs <<<"$queued") of this campaign is in the queue already: waiting for it"
		slurm_wait
		gather_missing
		ended=0
		[ ${#missing[@]} -gt 0 ] || return 0
	fi
	slurm_submit_all
	if [ "$submit_only" = 1 ]; then
		say "submitted; hmmstorm campaign --gather $dir tells what is there"
		exit 0
	fi
	slurm_wait
}
