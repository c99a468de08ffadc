# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
what="sparse finds nothing in the module"

# The module in a scratch folder, for the first kernel in the cache that can.
rule() {
	local dir log kernel
	command -v sparse >/dev/null || {
		echo "no sparse: apt-get install sparse"
		return 4
	}
	dir=$(mktemp -d)
	log=$(mktemp)
	for kernel in "$CACHE"/kernel/*/build; do
		[ -e "$kernel/Makefile" ] || continue
		rm -rf "$dir" && cp -r kernel-helpers "$dir"
		make -C "$kernel" M="$dir" C=2 "CHECK=sparse -include $RULES/sparse.h" modules >"$log" 2>&1 ||
			echo "does not build" >>"$log"
		grep -q 'sparse is not available' "$log" && continue
		report_sparse "$dir" "$log"
		rm -rf "$dir" "$log"
		return 0
	done
	rm -rf "$dir" "$log"
	echo "no kernel in the cache that this sparse can check: hmmstorm kernel 6.12 builds one"
	return 4
}

report_sparse() {
	grep -E '(warning|error):' "$2" | sed "s|^$1/||" |
		sed -nE 's/^([a-z_]+\.[ch]:[0-9]+):/kernel-helpers\/\1:/p'
	! grep -q '^does not build' "$2" || echo "kernel-helpers/Kbuild:1: does not build: $(grep -m1 error: "$2")"
}

canary() {
	mkdir kernel-helpers
	printf 'obj-m := bad.o good.o\n' >kernel-helpers/Kbuild
	printf '#include <linux/module.h>\nstatic int __user *p;\nint f(void);\nint f(void)\n{\n\treturn *p;\n}\nMODULE_LICENSE("GPL");\n' >kernel-helpers/bad.c
	printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n' >kernel-helpers/good.c
}
