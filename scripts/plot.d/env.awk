# SPDX-License-Identifier: GPL-2.0-only
# env.tsv to the line that says where a program's figures come from:
# -v backend=NAME is put into that line; -v want=KEY prints its values in this run, -v want= prints that line.
# A folder of two kernels or two ways to run has no such line: status 1.
BEGIN {
	FS = "\t"
}

FNR > 1 && $1 == program && !(($2, $3) in seen) {
	seen[$2, $3] = 1
	value[$2] = value[$2] (count[$2]++ ? "+" : "") $3
}

# True if all runs of the program agree on key; else says so.
function one(key) {
	if (!count[key])
		print "has no " key " of " program
	else if (count[key] > 1)
		print "holds runs of " program " with different " key ": " value[key]
	return count[key] == 1
}

END {
	if (want != "")
		print value[want]
	else if (!one("kernel_release") || !one("mode") || !one("accelerator") ||
		 !one("clock_unit"))
		exit 1
	else
		print value["kernel_release"] ", " value["mode"] ", " \
			value["accelerator"] \
			(backend == "" ? "" : ", " backend) ", " value["cpus"] " CPU" \
			(value["cpus"] == "1" ? "" : "s") \
			(value["seed"] == "" ? "" : ", seed " value["seed"])
}
