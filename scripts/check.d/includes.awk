# SPDX-License-Identifier: GPL-2.0-only
# includes.tsv, then sources: names each include that the table does not allow.
NR == FNR {
	if ($0 !~ /^#/ && NF) {
		from[++rows] = $1
		quoted[rows] = $2
		system_[rows] = $3
	}
	next
}

FNR == 1 {
	dir = FILENAME
	sub(/[^\/]*$/, "", dir)
	for (row = 1; row <= rows && FILENAME !~ from[row]; row++)
		;
}

row > rows || !match($0, /^[ \t]*#[ \t]*include[ \t]*["<][^">]*[">]/) {
	next
}

{
	path = substr($0, RSTART, RLENGTH - 1)
	kind = path ~ /"/ ? "quoted" : "system"
	sub(/.*["<]/, "", path)
	if (kind == "quoted") {
		path = dir path
		while (sub(/[^\/]+\/\.\.\//, "", path))
			;
	}
	if (path !~ (kind == "quoted" ? quoted[row] : system_[row]))
		print FILENAME ":" FNR ": must not include " path
}
