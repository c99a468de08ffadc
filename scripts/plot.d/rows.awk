# SPDX-License-Identifier: GPL-2.0-only
# What the extractors share. Each one reads a table with a header row, prints
# blocks of points for gnuplot (a title line, then points, two empty lines
# between blocks) and says in the file `facts` what it found and left out.
BEGIN {
	FS = OFS = "\t"
	while ((getline entry <never) > 0)
		not_exclusive[entry] = 1
	nr_variant = split("backend policy protocol workers pages", variant, " ")
}

# Columns by name, so that an extractor reads like its sentence.
FNR == 1 {
	split("", col)
	for (i = 1; i <= NF; i++)
		col[$i] = i
	table++
	next
}

function get(name) {
	return $(col[name])
}

function fact(name, value) {
	print name, value >facts
}

# A case whose pages never became exclusive says nothing about exclusive pages:
# `never` holds the identity columns of these.
function was_never_exclusive(   i, id) {
	id = $1
	for (i = 2; i <= 8; i++)
		id = id FS $i
	if (!(id in not_exclusive))
		return 0
	if (!(id in never_noted))
		note_left_out("its pages were never exclusive", get("case") "/" get("pages"))
	never_noted[id] = 1
	return 1
}

# Remembers which identity columns vary, so that only these are in a label.
function see_variant(skip,   i, v) {
	for (i = 1; i <= nr_variant; i++) {
		v = get(variant[i])
		if (variant[i] == skip || (i, v) in variant_seen)
			continue
		variant_seen[i, v] = 1
		variant_values[i]++
		if (variant[i] == "backend")
			fact("backend", v)
	}
}

# The identity of a row, as label_of() wants it.
function identity(   i, id) {
	for (i = 1; i <= nr_variant; i++)
		id = id (i > 1 ? SUBSEP : "") get(variant[i])
	return id
}

function label_of(op, id,   part, i, text) {
	split(id, part, SUBSEP)
	for (i = 1; i <= nr_variant; i++)
		if (variant_values[i] > 1)
			text = text (text ? ", " : "") \
				(i > 3 ? part[i] " " variant[i] : part[i])
	return op (text ? " (" text ")" : "")
}

function start_block(title) {
	if (blocks++)
		printf "\n\n"
	print title
}

# Operations that fill a picture's lines, the best first: a file with one a line.
function read_list(file, list,   line, n) {
	while ((getline line <file) > 0)
		if (line !~ /^#/ && line != "")
			list[++n] = line
	close(file)
	return n
}

function note_left_out(why, what) {
	sub(/^ +/, "", what)
	fact("note", "left out, " why ": " what)
}
