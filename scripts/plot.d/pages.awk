# SPDX-License-Identifier: GPL-2.0-only
# records.tsv to one line a benchmark: pages, cost a page. The cost is the
# median of one operation over all its pages, and of the repetitions the
# middle one; the mean where there were too few operations for a median.
get("program") != program || get("pages") == 0 {
	next
}

get("metric") != "latency_p50" && get("metric") != "latency_mean" {
	next
}

!was_never_exclusive() {
	key = get("case") SUBSEP identity()
	see_variant("pages")
	if (unit == "")
		unit = get("unit")
	if (get("unit") != unit)
		next
	key_of[get("case"), ++nr[get("case")]] = key
	if (get("metric") == "latency_p50")
		median[key, ++medians[key]] = get("value")
	else
		mean[key, ++means[key]] = get("value")
	pages[key] = get("pages") + 0
	id[key] = identity()
}

# The middle one of list[key, 1..n].
function middle(list, key, n,   i, j, v) {
	for (i = 2; i <= n; i++) {
		v = list[key, i]
		for (j = i - 1; j >= 1 && list[key, j] > v; j--)
			list[key, j + 1] = list[key, j]
		list[key, j + 1] = v
	}
	return (list[key, int((n + 1) / 2)] + list[key, int(n / 2) + 1]) / 2
}

# A control (NAME_present) has the line type of NAME, dashed.
function type_of(name) {
	if (sub(/_present$/, "", name) && name in type)
		return type[name] + 8
	if (!(name in type))
		type[name] = ++types
	return type[name]
}

# Two rows a key (median and mean) name the same point: the first one draws it.
function draw(name,   i, key, label, titled, cost) {
	for (i = 1; i <= nr[name]; i++) {
		key = key_of[name, i]
		if (key in drawn)
			continue
		drawn[key] = 1
		label = label_of(name, id[key])
		if (label != titled) {
			start_block(titled = label)
			all_types = all_types (all_types ? " " : "") type_of(name)
		}
		if (key in medians) {
			cost = middle(median, key, medians[key])
		} else {
			cost = middle(mean, key, means[key])
			by_mean = by_mean " " name "/" pages[key]
		}
		print pages[key], cost / pages[key], !(key in medians)
	}
}

END {
	n = read_list(costs, wanted)
	for (i = 1; i <= n; i++)
		draw(wanted[i])
	if (by_mean)
		fact("note", "the mean, as there are too few operations for a median:" by_mean)
	fact("extra", all_types)
	fact("unit", unit)
	fact("blocks", blocks + 0)
}
