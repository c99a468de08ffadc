#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What an event costs that is counted by hmmstorm.ko, by bpftrace, by trace-cmd and
# by a histogram trigger, side by side: tests/module-rivals.c in one deterministic
# guest, whose lines are this test's. KERNEL names the kernel (default stock-7.3; the
# small ones have no BPF).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

programs=()
for program in bpftrace trace-cmd; do
	if ! type -P "$program" >/dev/null; then
		echo "ok 1 - what others cost # SKIP no $program: scripts/setup test"
		echo "1..1"
		echo "0 passed, 0 failed, 1 skipped"
		exit 0
	fi
	programs+=(--add-program "$program")
done

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# libLLVM alone takes 110 MB of the guest's memory
scripts/vm --kernel "${KERNEL:-stock-7.3}" --deterministic --cpus 1 --memory 2G \
	"${programs[@]}" --out "$out" --force -- test-module-rivals
