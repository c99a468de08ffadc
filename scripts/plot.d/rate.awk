# SPDX-License-Identifier: GPL-2.0-only
# records.tsv to one bar a stressor: name, operations a second, operations.
# Runs of the same identity are added: all operations over all seconds.
get("program") != program {
	next
}

get("metric") != "steps" && get("metric") != "steps_rate" {
	next
}

{
	see_variant("")
	key = get("case") SUBSEP identity()
	if (!(key in steps)) {
		key_case[++keys] = get("case")
		key_id[keys] = identity()
	}
}

get("metric") == "steps" {
	steps[key] += get("value")
	last = get("value")
}

get("metric") == "steps_rate" && get("value") > 0 {
	seconds[key] += last / get("value")
}

END {
	for (i = 1; i <= keys; i++) {
		key = key_case[i] SUBSEP key_id[i]
		print label_of(key_case[i], key_id[i]), \
			seconds[key] ? steps[key] / seconds[key] : 0, steps[key]
	}
	fact("unit", "1/s")
	fact("blocks", keys + 0)
}
