# SPDX-License-Identifier: GPL-2.0-only
# hist.tsv, sorted by bucket, to one staircase an operation: x = 1 / (1 - q),
# y = the middle of the bucket. A line ends at the highest quantile for which a
# distribution-free 95% interval exists (hist_needed() in lib/hist.c).
# Stressors name the operation in `metric`, benchmarks in `case`, where only
# the smallest number of pages is taken: the others are pages.awk's.
BEGIN {
	MAX_LINES = 8
	FEWEST = 6	# no interval even of the median below
}

get("program") != program || !get("count") || was_never_exclusive() {
	next
}

program == "bench" && get("pages") == 0 {
	next
}

{
	op = get("metric") == "latency" ? get("case") : get("metric")
	id = identity()
	if (unit == "")
		unit = get("unit")
	if (get("unit") != unit) {
		other_unit[op " (" get("unit") ")"] = 1
		next
	}
	if (program == "bench" && (!(op in fewest) || get("pages") + 0 < fewest[op]))
		fewest[op] = get("pages") + 0
	row_op[++rows] = op
	row_id[rows] = id
	row_pages[rows] = get("pages") + 0
	row_mid[rows] = (get("low") + get("high")) / 2
	row_count[rows] = get("count")
	line[rows] = $0
}

function collect(   r, key) {
	for (r = 1; r <= rows; r++) {
		if (program == "bench" && row_pages[r] != fewest[row_op[r]])
			continue
		$0 = line[r]
		see_variant(program == "bench" ? "pages" : "")
		key = row_op[r] SUBSEP row_id[r]
		if (!(key in total)) {
			key_op[++keys] = row_op[r]
			key_id[keys] = row_id[r]
		}
		total[key] += row_count[r]
		at[key, ++nr[key]] = r
	}
}

function draw(op, id,   key, n, last, i, r, seen, x) {
	key = op SUBSEP id
	n = total[key]
	last = 1 / (1 - exp(log(0.025) / n))
	start_block(label_of(op, id) "  n=" n)
	for (i = 1; i <= nr[key] && x < last; i++) {
		r = at[key, i]
		print 1 / (1 - seen / n), row_mid[r]
		seen += row_count[r]
		x = seen < n ? 1 / (1 - seen / n) : last
		if (x > last)
			x = last
		print x, row_mid[r]
	}
}

# All identities of one operation, while there is room.
function draw_op(op,   k) {
	for (k = 1; k <= keys; k++) {
		if (key_op[k] != op)
			continue
		if (total[op, key_id[k]] < FEWEST)
			few = few " " op
		else if (blocks < MAX_LINES)
			draw(op, key_id[k])
		else
			crowd = crowd " " op
	}
	done[op] = 1
}

END {
	collect()
	n = read_list(operations, wanted)
	for (i = 1; i <= n; i++)
		draw_op(wanted[i])
	for (i = 1; i <= keys; i++)
		if (!(key_op[i] in done))
			draw_op(key_op[i])
	for (op in other_unit)
		odd = odd " " op
	if (few)
		note_left_out("fewer than " FEWEST " samples", few)
	if (crowd)
		note_left_out("no room for more than " MAX_LINES " lines", crowd)
	if (odd)
		note_left_out("another unit than " unit, odd)
	fact("unit", unit)
	fact("blocks", blocks + 0)
}
