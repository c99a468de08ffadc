#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab itself: what a guest says and writes arrives as it was, and each way a
# guest can die has its own exit status. KERNEL names the kernel.
set -u

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(dirname "$HERE")
VM=$TOP/scripts/vm
export KERNEL=${KERNEL:-stock-7.3}
. "$HERE/tap.sh"
# shellcheck source=tests/lab.sh
. "$HERE/lab.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# run OUT VM_ARGS...: sets $status; stdout and stderr in OUT.out, OUT.err
run() {
	local name=$1
	shift
	lab_vm --out "$tmp/$name" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err"
	status=$?
}

err() {
	cat "$tmp/$1.err"
}

# qemu_of PID: the QEMUs whose scratch directory is that of watcher PID
qemu_of() {
	pgrep -f "qemu-system-x86_64 .*/hmmstorm/run/$1\\." || true
}

tap_plan 48

# what the making of a kernel says is not the lab's
"$TOP/hmmstorm" kernel "$KERNEL" >"$tmp/kernel" 2>&1 || sed "s/^/# /" "$tmp/kernel"

# output and results
cat >"$tmp/write.sh" <<'END'
mkdir -p /results/a/b/c /results/empty.d
dd if=/dev/urandom of=/results/random bs=1000 count=3000 2>/dev/null
cp /results/random /results/a/b/c/copy
: >/results/a/empty
echo first >/results/rewritten
echo gone >/results/gone
chmod 640 /results/a/b/c/copy
chmod 500 /results/empty.d
sleep 2.5
echo again >/results/rewritten
echo longer than before >>/results/rewritten
rm /results/gone
mv /results/random '/results/a/a name'
printf 'no newline'
echo 'to stderr' >&2
md5sum /results/a/b/c/copy | cut -d' ' -f1 >/results/md5
exit 7
END
run files --add "$tmp/write.sh" -- sh /add/write.sh
tap_is "the command's status is passed on" $status 7
tap_is "stdout arrives, to the byte" "$(od -c "$tmp/files.out")" "$(printf 'no newline' | od -c)"
tap_is "stderr is kept apart" "$(head -n 1 "$tmp/files.err")" "to stderr"
cd "$tmp/files" || exit 1
tap_is "every file arrived and nothing else" "$(find . -mindepth 1 | LC_ALL=C sort | xargs -d '\n')" \
	"./a ./a/a name ./a/b ./a/b/c ./a/b/c/copy ./a/empty ./empty.d ./guest.log ./md5 ./rewritten ./vm.tsv"
tap_is "3 MB of noise arrived unchanged" "$(md5sum <a/b/c/copy | cut -d' ' -f1)" "$(cat md5)"
tap_ok "a renamed file is whole" cmp "a/a name" a/b/c/copy
tap_is "a rewritten file is the last version" "$(cat rewritten)" "$(printf 'again\nlonger than before')"
tap_is "file and directory modes are kept" "$(stat -c %a a/b/c/copy empty.d | xargs)" "640 500"
tap_ok "an empty file arrived" test -f a/empty -a ! -s a/empty
tap_ok "the guest's log is the kernel's" grep -q "Linux version" guest.log
tap_is "the log has no carriage returns" "$(grep -c $'\r' guest.log)" 0
cd "$TOP" || exit 1

run signal -- sh -c 'kill -SEGV $$'
tap_is "a command killed by a signal is 128+N" $status 139
tap_like "and it is said" "$(err signal)" "killed by signal 11"

run notfound -- no-such-program
tap_is "a command that is not there is 127" $status 127

run modules --modules test_hmm -- sh -c 'ls /dev/hmm_dmirror0 /dev/hmm_dmirror1'
tap_is "test_hmm loads and makes its devices" $status 0

run program --add-program cpio -- cpio --version
tap_like "a program of this machine runs there, with its libraries" \
	"$status $(head -n 1 "$tmp/program.out")" '^0 cpio \(GNU cpio\)'

run numa --cpus 4 --numa 2 --memory 512M -- sh -c \
	'cd /sys/devices/system/node; cat node0/cpulist node1/cpulist; nproc'
tap_is "two nodes with two CPUs each" "$(xargs <"$tmp/numa.out")" "0-1 2-3 4"

# a guest that dies: rows written before must have arrived
run panic -- sh -c 'echo row >/results/rows; sleep 3; printf "half a row" >>/results/rows
	echo said; sleep 1.5; echo c >/proc/sysrq-trigger'
tap_is "a guest kernel panic is 101" $status 101
tap_like "it is named" "$(err panic)" "guest kernel panic: sysrq triggered crash"
tap_is "what it wrote before is here" "$(head -n 1 "$tmp/panic/rows") $(cat "$tmp/panic.out")" "row said"

oops=$(cd "$TOP" && scripts/kernel --module tests/lab-oops "$KERNEL")
run oops --add "$oops/oops.ko" -- insmod /add/oops.ko
tap_is "an oops is 102" $status 102
tap_like "it is named" "$(err oops)" "guest kernel oops: BUG: kernel NULL pointer"
tap_like "its log is not clean, from there on" "$(lab_clean "$tmp/oops/guest.log")" \
	'^\[.*BUG: kernel NULL pointer'
tap_like "... and that is a status" "$(lab_clean "$tmp/oops/guest.log" >/dev/null; echo "status $?")" '^status 1$'
tap_ok "that of a sound guest is clean" lab_clean "$tmp/files/guest.log"
tap_like "no log is not a clean one" "$(lab_clean "$tmp/none"; echo "status $?")" '^status 2$'

# What the watcher makes of a guest's log: an int3 that memory does not have is
# the emulator's, one that it has is an oops like any other. The lines are those of
# a guest that was lost (7.3, QEMU 7.2).
# judge ACCELERATOR BYTE [LINE_BEFORE]: status and first line
judge() {
	local d=$tmp/judge
	rm -rf "$d"
	mkdir -p "$d/out" "$d/run"
	cat >"$d/console" <<-END
		[    6.160000] ${3:-}
		[    6.165093] Oops: int3: 0000 [#1] SMP NOPTI
		[    6.165725] CPU: 0 UID: 0 PID: 108 Comm: hmmstorm/100.1 Tainted: G           OE
		[    6.166661] RIP: 0010:serve+0xe1/0xaa0 [hmmstorm]
		[    6.166898] Code: 49 8b 7d 08 e8 54 db 33 c1 49 89 45 30 $2 <4f> 02 00 00 49 8b 45 00 41 8b
		[    6.183069] CPU: 1 UID: 0 PID: 107 Comm: hmmstorm/100.0 Tainted: G      D    OE
		[    6.183768] Code: 00 48 89 df e8 c2 fc cc <ff> 31 c0 48 83
		[    6.190000] Kernel panic - not syncing: Fatal exception in interrupt
	END
	HMMSTORM_BOOT_TRIES=2 "$TOP/build/bin/hmmstorm-vmwatch" --dir "$d/out" --run "$d/run" -- \
		sh -c "cat $d/console >>$d/run/console" sh -accel "$1" >/dev/null 2>"$d/err"
	echo "$? $(head -n 1 "$d/err")"
}
tap_like "an int3 that only the emulator has is 107" "$(judge tcg,thread=multi e9)" \
	'^107 .*emulator lost the guest: an int3 at 0010:serve.* where memory has e9'
tap_like "one that memory has is an oops" "$(judge tcg,thread=multi cc)" '^102 .*oops: Oops: int3'
tap_like "and so is each where no emulator keeps translations" "$(judge kvm e9)" '^102 .*oops: Oops: int3'
tap_like "one that follows another oops, too" \
	"$(judge tcg,thread=multi e9 "BUG: kernel NULL pointer dereference, address: 0000000000000000")" \
	'^102 .*oops: BUG: kernel NULL'
tap_like "one that follows a warning, too" \
	"$(judge tcg,thread=multi e9 "WARNING: possible circular locking dependency detected")" \
	'^102 .*oops: Oops: int3'

# What the emulator can do to an innocent kernel and the log does not tell from a fault
# stays a failure, with a word of warning.
tap_like "an int3 that stays an oops is doubted aloud" "$(judge tcg,thread=multi cc; cat "$tmp/judge/err")" \
	'^vm: before you believe it: free-running emulation'
tap_is "... but not where there is no reason to" "$(judge kvm cc >/dev/null; grep -c 'before you believe' "$tmp/judge/err")" 0
tap_like "so is a jump to address 0" \
	"$(judge tcg,thread=multi e9 "BUG: kernel NULL pointer dereference, address: 0000000000000000
		[    6.161000] RIP: 0010:0x0"; cat "$tmp/judge/err")" '^vm: before you believe it: free-running emulation'

run hang --timeout 6 -- sleep 1000000
tap_is "a hang is 103" $status 103
# shellcheck disable=SC2016 # for the guest's shell
run busy --timeout 6 -- sh -c 'for i in 1 2 3 4 5; do echo $i >>/results/rows; sleep 3; done'
tap_is "a silent command whose results grow is no hang" $status 0
run poweroff -- poweroff -f
tap_is "an early power-off is 104" $status 104
run killinit -- sh -c 'echo 1 >/proc/sys/kernel/sysrq; kill -SEGV 1; sleep 2; exit 5'
tap_is "init shrugs off a signal" $status 5

# ends from outside
for sig in INT TERM HUP; do
	# a background job of a script ignores SIGINT unless given its own session
	setsid "$VM" --out "$tmp/sig$sig" -- sh -c 'echo kept >/results/rows; echo up; sleep 1000000' \
		>"$tmp/sig.out" 2>"$tmp/sig.err" &
	pid=$!
	for _ in $(seq 600); do
		grep -q up "$tmp/sig.out" && [ -e "$tmp/sig$sig/rows" ] && break
		sleep 0.1
	done
	[ -n "$(qemu_of $pid)" ] || echo "# no QEMU seen for $pid"
	kill -$sig $pid
	wait $pid
	tap_is "SIG$sig: 128 + signal, no QEMU left, results kept" \
		"$? $(qemu_of $pid) $(cat "$tmp/sig$sig/rows")" "$((128 + $(kill -l $sig)))  kept"
done

setsid "$VM" --out "$tmp/kill9" -- sh -c 'echo up; sleep 1000000' >"$tmp/k.out" 2>&1 &
pid=$!
for _ in $(seq 600); do
	grep -q up "$tmp/k.out" && break
	sleep 0.1
done
kill -KILL $pid
wait $pid 2>/dev/null
sleep 0.5
tap_is "SIGKILL of the watcher leaves no QEMU either" "$(qemu_of $pid)" ""

# a full disk for results
mkdir "$tmp/small"
if mount -t tmpfs -o size=1M none "$tmp/small" 2>/dev/null; then
	lab_vm --out "$tmp/small/out" -- sh -c 'echo row >/results/rows; sleep 2
		dd if=/dev/urandom of=/results/big bs=1M count=3; sleep 1000000' >/dev/null 2>"$tmp/small.err"
	tap_is "a full disk ends the VM with 1 and keeps what came before" \
		"$? $(cat "$tmp/small/out/rows")" "1 row"
	tap_like "and says so in one line" "$(grep -v records "$tmp/small.err")" "cannot write .*No space left"
	umount "$tmp/small"
else
	tap_skip "a full disk ends the VM with 1" "cannot mount a tmpfs here"
	tap_skip "and says so in one line" "cannot mount a tmpfs here"
fi
"$VM" --out /dev/full/x -- true 2>/dev/null
tap_is "an impossible --out is 2" $? 2
run files -- true
tap_is "an --out that has results already is 2" $status 2

# bad options: one line, status 2
bad=("--cpus 9" "--cpus 0" "--cpus x" "--memory 3" "--memory 900G" "--nonsense" "--numa 3"
	"--kernel 2.4" "--kernel $TOP/README.md" "--config nothing" "--timeout" "--seed abc" "--modules some" "--add-program no-such-program")
wrong=
for b in "${bad[@]}"; do
	# shellcheck disable=SC2086 # options to be split
	text=$("$VM" $b -- true 2>&1)
	[ "$? $(printf '%s\n' "$text" | wc -l)" = "2 1" ] || wrong+="[$b: $text]"
done
tap_is "each of ${#bad[@]} bad options is one line and 2" "$wrong" ""
text=$("$VM" 2>&1)
tap_is "so is no command at all" "$? $(printf '%s\n' "$text" | wc -l)" "2 1"
tap_done
