#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hmmstorm campaign: the same boots on this machine, over an ssh login and as tasks of a
# real Slurm, equal to the byte; killed and resumed, failed, damaged, enlarged. What a
# boot does matters to the first part alone: after it the campaign's frozen scripts/vm
# is replaced by one that says what the test wants said. KERNEL names the kernel.
set -u

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(dirname "$HERE")
KERNEL=${KERNEL:-6.12}
. "$HERE/tap.sh"
# shellcheck source=tests/servers.sh
. "$HERE/servers.sh"

tmp=$(mktemp -d)
trap 'servers_stop; [ ! -e "$tmp/ssh/id" ] || rm -rf ~/.cache/hmmstorm/campaign/"$(cat "$tmp/ssh/id")"; rm -rf "$tmp"' EXIT
export CAMPAIGN_POLL_S=1

# campaign NAME ARGS...: of DIR $tmp/NAME; its streams in NAME.out, NAME.err, and status
campaign() {
	local name=$1
	shift
	timeout 900 "$TOP/hmmstorm" campaign "$@" >"$tmp/$name.out" 2>"$tmp/$name.err"
	status=$?
}

# begin NAME ARGS...: the same, in the background: $pid
begin() {
	local name=$1
	shift
	"$TOP/hmmstorm" campaign "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
	pid=$!
}

# await WHAT COMMAND...: until it succeeds, at most two minutes
await() {
	local n
	for ((n = 0; n < 1200; n++)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# results DIR: what was measured, by content
results() {
	(cd "$1" && find . -path './kit' -prune -o -path './.*' -prune -o -name '*.tsv' ! -name job.tsv \
		-path '*seed-*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

# A campaign with the kit of the real one, whose boots are played: copy NAME
copy() {
	mkdir -p "$tmp/$1" "$tmp/$1.play"
	cp -r "$tmp/local"/{kit,campaign.tsv} "$tmp/$1/"
	echo 0 >"$tmp/$1.play/nap"
	cat >"$tmp/$1/kit/scripts/vm" <<-END
		#!/bin/bash
		play=$tmp/$1.play
		while [ \$1 != -- ]; do
			case \$1 in
			--seed) seed=\$2 ;;
			--out) out=\$2 ;;
			esac
			shift
		done
		trap 'kill \$!; exit 143' TERM
		echo "\$seed" >>"\$play/began"
		n=\$(grep -cx "\$seed" "\$play/began")
		echo "seed \$seed" >"\$out/records.tsv"
		sleep "\$(cat "\$play/nap")" &
		wait \$!
		trap '' TERM
		echo "\$seed" >>"\$play/ended"
		echo "played, try \$n"
		status=\$(sed -n "\${n}p" "\$play/status-\$seed" 2>/dev/null)
		exit "\${status:-0}"
	END
}

# said NAME: the campaign's status and words, in one line
said() {
	echo "$status $(tr '\n' ' ' <"$tmp/$1.err")"
}

# ended NAME: how often each seed's boot came to its end
ended() {
	sort -n "$tmp/$1.play/ended" | uniq -c | awk '{ print $2 ":" $1 }' | xargs
}

# measured NAME: the files of records, each as it was written
measured() {
	find "$tmp/$1/$KERNEL" -name records.tsv -printf '%P %i %T@\n' 2>/dev/null
}

has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

tap_plan 41

bench=(hmmstorm bench --backend mirror --no-counters --iterations 2 '--benchmark_filter=^E7.remark')

# --- real boots -----------------------------------------------------------------
begin local --kernels "$KERNEL" --cpus 1 --memory 512M --seeds 1-2 --sets e7 --jobs 1 "$tmp/local" -- "${bench[@]}"
await test -e "$tmp/local/$KERNEL/base/e7/seed-1/status"
await test -e "$tmp/local/.tmp/2/vm.tsv"
kill -TERM $pid
wait $pid
tap_is "stopped in the middle" "$? $(cd "$tmp/local/$KERNEL/base/e7" && echo *)" "143 seed-1"
touch "$tmp/begun"
campaign local "$tmp/local"
tap_is "again, without its arguments: all is there" "$status" 0
tap_is "and what was there has not been measured again" \
	"$(find "$tmp/local/$KERNEL" -name records.tsv -newer "$tmp/begun" | grep -c .)" 1
tap_like "it says how far it is" "$(cat "$tmp/local.err")" '\[2/2\] .*/seed-2 done on .* in [0-9]+ s'
tap_like "the boots measured" "$(cat "$tmp/local/$KERNEL"/base/e7/seed-*/records.tsv)" '^bench.E7.remark.*done.verdict.1.1$'
tap_is "seed by seed, as the list has it" "$(cat "$tmp/local/order.tsv")" \
	"$(printf '%s\t%s\n' 1 "$KERNEL/base/e7/seed-1" 2 "$KERNEL/base/e7/seed-2")"

if servers_ssh "$tmp"; then
	mkdir "$tmp/ssh"
	cp -r "$tmp/local"/{kit,campaign.tsv} "$tmp/ssh/"
	campaign ssh --hosts "$tmp/logins" --jobs 2 "$tmp/ssh"
	tap_is "over an ssh login" "$status" 0
	tap_is "byte by byte what this machine measured" "$(results "$tmp/ssh")" "$(results "$tmp/local")"
	tap_ok "and nothing stays on the host" test ! -e ~/.cache/hmmstorm/campaign/"$(cat "$tmp/ssh/id")"
else
	for what in "over an ssh login" "byte by byte" "nothing stays"; do
		tap_skip "$what" "no sshd to be had here"
	done
fi

if servers_slurm "$tmp"; then
	mkdir "$tmp/slurm"
	cp -r "$tmp/local"/{kit,campaign.tsv} "$tmp/slurm/"
	campaign slurm --slurm --extend --repeat 2 "$tmp/slurm"
	tap_is "four tasks of a Slurm that takes three an array" \
		"$status $(wc -l <"$tmp/slurm/slurm/jobs")" "0 2"
	tap_is "byte by byte what this machine measured" \
		"$(results "$tmp/slurm" | grep -v 'seed-[12]-2/')" "$(results "$tmp/local")"
	tap_is "a boot repeated is the same to the byte" \
		"$(results "$tmp/slurm" | grep 'seed-[12]-2/' | sed 's/-2\//\//')" "$(results "$tmp/local")"
else
	for what in "four tasks" "byte by byte" "a boot repeated"; do
		tap_skip "$what" "no Slurm to be had here"
	done
fi

# --- played boots: failures -------------------------------------------------------
copy lost
printf '107\n107\n0\n' >"$tmp/lost.play/status-1"
printf '107\n107\n107\n107\n' >"$tmp/lost.play/status-2"
echo 3 >"$tmp/lost.play/status-3"
campaign lost --extend --seeds 1-4 --jobs 2 "$tmp/lost"
tap_is "some failed" "$status" 1
tap_is "a lost guest is booted three times in all, another failure once" "$(ended lost)" "1:3 2:3 3:1 4:1"
tap_is "what failed is no result" "$(cd "$tmp/lost/$KERNEL/base/e7" && echo *)" "seed-1 seed-4"
tap_is "its status is kept" "$(cat "$tmp"/lost/.failed/"$KERNEL"/base/e7/seed-[23]/status | xargs)" "107 3"
tap_like "and told with the last lines" "$(grep -A1 'seed-3 ended with status 3; output' "$tmp/lost.err")" 'played, try 1'
tap_like "the sum says it" "$(tail -n 1 "$tmp/lost.err")" '2 of 4 boots are there, 2 failed, 0 missing'
campaign gather --gather "$tmp/lost"
tap_is "--gather says the same" "$status $(tail -n 1 "$tmp/gather.err")" "1 $(tail -n 1 "$tmp/lost.err")"
rm "$tmp"/lost.play/*
echo 0 >"$tmp/lost.play/nap"
campaign lost "$tmp/lost"
tap_is "the next run takes what failed, alone" "$status $(ended lost) $(find "$tmp/lost/.failed" -type f)" "0 2:1 3:1 "
echo x >>"$tmp/lost/$KERNEL/base/e7/seed-4/records.tsv"
campaign lost "$tmp/lost"
tap_is "a damaged folder is measured again" \
	"$status $(ended lost) $(cat "$tmp/lost/$KERNEL/base/e7/seed-4/records.tsv")" "0 2:1 3:1 4:1 seed 4"

# --- killed ---------------------------------------------------------------------
copy killed
echo 0.3 >"$tmp/killed.play/nap"
for moment in 0.2 0.5 0.8 1.1; do
	begin killed --extend --seeds 1-9 --jobs 2 "$tmp/killed"
	sleep $moment
	kill -KILL $pid
	wait $pid 2>/dev/null
	measured killed >>"$tmp/before"
done
campaign killed "$tmp/killed"
tap_is "killed outright four times, and all is there" \
	"$status $(cat "$tmp/killed/$KERNEL"/base/e7/seed-*/status | xargs)" "0 0 0 0 0 0 0 0 0 0"
tap_is "what was there at any of these moments has not been measured again" \
	"$(sort -u "$tmp/before" | grep -vxFf <(measured killed))" ""
copy orphan
echo 20 >"$tmp/orphan.play/nap"
begin orphan --jobs 2 "$tmp/orphan"
await has_lines "$tmp/orphan.play/began" 2
campaign second "$tmp/orphan"
tap_like "a second campaign beside it is refused" "$(said second)" '^2 .*another campaign is running'
# parallel too, so that it cannot end them
# shellcheck disable=SC2046 # numbers
kill -KILL $(pgrep -P $pid) $pid
wait $pid 2>/dev/null
tap_is "killed with all that watches over them, boots go on" \
	"$(find "$tmp/orphan.play" -name ended)" ""
campaign orphan "$tmp/orphan"
tap_is "and are waited for, not repeated" "$status $(ended orphan) $(wc -l <"$tmp/orphan.play/began")" "0 1:1 2:1 2"
echo 0 >"$tmp/orphan.play/nap"

# --- arguments ------------------------------------------------------------------
campaign lost --cpus 2 --seeds 1-2 "$tmp/lost"
tap_like "other arguments are refused, the difference named" "$(said lost)" \
	"^2 .*seeds was '1,2,3,4', now '1,2'; cpus was '1', now '2'"
campaign lost --extend --cpus 2 "$tmp/lost"
tap_like "what is measured cannot be extended" "$(said lost)" "^2 .*cpus was '1'"
before=$(cat "$tmp/lost/order.tsv")
campaign lost --extend --seeds 7 "$tmp/lost"
tap_is "what is added comes after what was there" "$status $(cat "$tmp/lost/order.tsv")" \
	"0 $before
5	$KERNEL/base/e7/seed-7"
campaign dry --dry-run --kernels a=6.12,b=6.12 --seeds 1-2 "$tmp/none"
tap_is "kernels take turns" "$(cut -f 2 "$tmp/dry.out" | xargs)" \
	"a/base/regress/seed-1 b/base/regress/seed-1 a/base/regress/seed-2 b/base/regress/seed-2"
for bad in '--seeds x D' '--sets none D' '--jobs 0 D' '--configs none D' '--kernels a=6.1,a=6.12 D' \
	'--slurm --hosts h D' '--numa 3 D' '--extend D' "$HERE" ''; do
	# shellcheck disable=SC2086 # words
	(cd "$tmp" && "$TOP/hmmstorm" campaign $bad >/dev/null 2>"$tmp/e")
	echo "$? $(wc -l <"$tmp/e")"
done >"$tmp/bad"
tap_is "bad usage is said in a line" "$(sort "$tmp/bad" | uniq -c | xargs)" "10 2 1"
mkdir "$tmp/few"
ln -s "$(command -v bash)" "$(command -v dirname)" "$(command -v readlink)" "$tmp/few/"
(PATH=$tmp/few "$TOP/hmmstorm" campaign "$tmp/lost") >/dev/null 2>"$tmp/e"
tap_like "without GNU parallel it says what to install" "$? $(cat "$tmp/e")" '^4 .*apt-get install parallel'

# --- hosts and Slurm, played -------------------------------------------------------
echo 0.0 >"$tmp/orphan/kit/qemu"
campaign orphan --extend --seeds 8 "$tmp/orphan"
tap_like "another QEMU counts other instructions" "$(said orphan)" '^4 .*has QEMU'
if servers_ssh "$tmp"; then
	campaign orphan --hosts "$tmp/logins" "$tmp/orphan"
	tap_like "a host that has one is refused" "$(said orphan)" '^4 .*cannot be used: .*has QEMU'
	campaign orphan --hosts "8/ssh -p 1 nobody@127.0.0.1" "$tmp/orphan"
	tap_like "so is one that does not answer" "$(said orphan)" '^4 .*127.0.0.1 cannot be used: .*refused'
	copy far
	cp "$tmp/logins" "$tmp/both"
	echo : >>"$tmp/both"
	echo 3 >"$tmp/far.play/status-3"
	campaign far --extend --seeds 1-8 --hosts "$tmp/both" "$tmp/far"
	tap_is "a host and this machine share the work; what fails comes back too" \
		"$status $(ended far) $(cat "$tmp/far/.failed/$KERNEL/base/e7/seed-3/status")" \
		"1 1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 3"
	rm "$tmp/far.play/"*
	echo 20 >"$tmp/far.play/nap"
	begin far --hosts "$tmp/logins" "$tmp/far"
	await test -s "$tmp/far.play/began"
	kill -TERM $pid
	wait $pid
	tap_is "stopped, and the host's boots with it" "$? $(find "$tmp/far.play" -name ended)" "143 "
	echo 0 >"$tmp/far.play/nap"
	campaign far --hosts "$tmp/logins" "$tmp/far"
	tap_is "and resumed" "$status $(ended far)" "0 3:1"
	rm -rf ~/.cache/hmmstorm/campaign/"$(cat "$tmp/orphan/id")"
else
	for what in "another QEMU" "no answer" "shared work" "stopped" "resumed"; do
		tap_skip "$what" "no sshd to be had here"
	done
fi
if servers_slurm "$tmp"; then
	copy array
	echo 5 >"$tmp/array.play/status-5"
	campaign array --slurm --extend --seeds 1-6 --submit-only "$tmp/array"
	said="$status"
	await test -e "$tmp/array/.failed/$KERNEL/base/e7/seed-5/status"
	await test -e "$tmp/array/$KERNEL/base/e7/seed-6/status"
	campaign array --gather "$tmp/array"
	tap_is "submitted, and gathered later, the failure too" "$said $status $(ended array)" \
		"0 1 1:1 2:1 3:1 4:1 5:1 6:1"
	rm "$tmp/array.play/"*
	echo 300 >"$tmp/array.play/nap"
	begin array --slurm --extend --seeds 7 "$tmp/array"
	await test -s "$tmp/array.play/began"
	kill -TERM $pid
	wait $pid
	tap_is "stopped, and its tasks cancelled" "$? $(await slurm_idle && echo idle)" "143 idle"
	echo 0 >"$tmp/array.play/nap"
	campaign array --slurm "$tmp/array"
	tap_is "and resumed" "$status $(ended array)" "0 5:1 7:1"
else
	for what in "submitted" "stopped" "resumed"; do
		tap_skip "$what" "no Slurm to be had here"
	done
fi

tap_done
