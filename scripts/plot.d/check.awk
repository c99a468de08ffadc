# SPDX-License-Identifier: GPL-2.0-only
# Is this a whole results file? Prints what is wrong with the first bad line
# and where; nothing when all is well. -v want=HEADER -v numbers="NAME NAME..."
BEGIN {
	FS = "\t"
	columns = split(want, name, "\t")
	n = split(numbers, list, " ")
	for (i = 1; i <= n; i++)
		numeric[list[i]] = 1
}

function bad(text) {
	print FNR ": " text
	failed = 1
	exit
}

FNR == 1 {
	if ($0 != want)
		bad("the header is not that of a results folder (results/README.md)")
	next
}

NF != columns {
	bad("has " NF " columns, not " columns "; the row is torn")
}

{
	for (i = 1; i <= columns; i++)
		if (name[i] in numeric && $i !~ /^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$/)
			bad("column " name[i] " is no number: '" $i "'")
}
