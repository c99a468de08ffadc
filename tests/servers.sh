# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# An sshd and a one-node Slurm on the loopback, for test scripts that source this: with
# keys, configuration and state in a folder of the test's, no service of the machine.

servers_pids=()

# servers_ssh TMP: an ssh login to this machine, for --hosts, in TMP/logins
servers_ssh() {
	local at=$1/sshd port=$((20000 + RANDOM % 10000)) login n
	[ ! -e "$1/logins" ] || return 0
	command -v ssh rsync parallel >/dev/null && [ -x /usr/sbin/sshd ] && [ "$(id -u)" = 0 ] || return 1
	mkdir -p "$at" /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$at/host" && ssh-keygen -q -t ed25519 -N '' -f "$at/user" || return 1
	cp "$at/user.pub" "$at/authorized"
	printf '%s\n' "Port $port" "ListenAddress 127.0.0.1" "HostKey $at/host" "PidFile $at/pid" \
		"AuthorizedKeysFile $at/authorized" "StrictModes no" "UsePAM no" "PermitRootLogin yes" \
		"PasswordAuthentication no" >"$at/config"
	echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$at/host.pub")" >"$at/known"
	/usr/sbin/sshd -f "$at/config" -E "$at/log" || return 1
	login="ssh -p $port -i $at/user -o BatchMode=yes -o UserKnownHostsFile=$at/known root@127.0.0.1"
	for ((n = 0; n < 50; n++)); do
		if $login true 2>/dev/null; then
			servers_pids+=("$(cat "$at/pid")")
			echo "$login" >"$1/logins"
			return 0
		fi
		sleep 0.1
	done
	return 1
}

# No cgroups, no systemd, and arrays of three tasks at most.
servers_slurm_conf() {
	local at=$1 host port=$((30000 + RANDOM % 10000))
	host=$(hostname -s)
	cat <<-END
		ClusterName=lab
		SlurmctldHost=$host(127.0.0.1)
		SlurmctldPort=$port
		SlurmdPort=$((port + 1))
		AuthType=auth/munge
		AuthInfo=socket=$at/munge/socket
		SlurmUser=root
		StateSaveLocation=$at/state
		SlurmdSpoolDir=$at/spool
		SlurmctldPidFile=$at/slurmctld.pid
		SlurmdPidFile=$at/slurmd.pid
		SlurmctldLogFile=$at/slurmctld.log
		SlurmdLogFile=$at/slurmd.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		MpiDefault=none
		ReturnToService=2
		KillWait=15
		MaxArraySize=3
		SchedulerParameters=sched_interval=2
		NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=4000
		PartitionName=lab Nodes=$host Default=YES MaxTime=INFINITE State=UP
	END
}

# servers_slurm TMP: exports SLURM_CONF
servers_slurm() {
	local at=$1/slurmd n
	[ -z "${SLURM_CONF:-}" ] || return 0
	command -v munged slurmctld slurmd sbatch >/dev/null && [ "$(id -u)" = 0 ] || return 1
	mkdir -p "$at"/{munge,state,spool}
	(umask 077 && head -c 1024 /dev/urandom >"$at/munge/key")
	munged --force --key-file="$at/munge/key" --socket="$at/munge/socket" --pid-file="$at/munge/pid" \
		--log-file="$at/munge/log" --seed-file="$at/munge/seed" 2>/dev/null || return 1
	servers_pids+=("$(cat "$at/munge/pid")")
	servers_slurm_conf "$at" >"$at/slurm.conf"
	export SLURM_CONF=$at/slurm.conf
	slurmctld -i 2>/dev/null && slurmd 2>/dev/null
	for ((n = 0; n < 100; n++)); do
		if slurm_idle; then
			servers_pids+=("$(cat "$at/slurmctld.pid")" "$(cat "$at/slurmd.pid")")
			return 0
		fi
		sleep 0.1
	done
	unset SLURM_CONF
	return 1
}

slurm_idle() {
	[ "$(sinfo --noheader --format %t 2>/dev/null)" = idle ] && [ -z "$(squeue --noheader)" ]
}

servers_stop() {
	[ ${#servers_pids[@]} -eq 0 ] || kill "${servers_pids[@]}" 2>/dev/null
}
