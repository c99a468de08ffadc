# SPDX-License-Identifier: GPL-2.0-only
# series.tsv to rates: between two samples a counter's growth a second, as a
# staircase. First the invalidations by event, then the retries; a counter that
# never moved has no line. Time that runs backwards is a second run in the same
# folder: it starts at zero again.
get("program") != program || get("case") != "all" {
	next
}

{
	see_variant("")
	if (get("t_ns") + 0 != t[samples] || !samples) {
		begins[samples + 1] = !samples || get("t_ns") + 0 < t[samples]
		t[++samples] = get("t_ns") + 0
	}
	value[get("metric"), samples] = get("value")
	moved[get("metric")] = 1
	if (!(get("metric") in order)) {
		order[get("metric")] = ++metrics
		metric[metrics] = get("metric")
	}
}

function draw(name, title,   i, v, before, t0) {
	start_block(title)
	for (i = 1; i <= samples; i++) {
		if (begins[i]) {
			if (i > 1)
				print ""
			before = t0 = 0
		}
		v = (name, i) in value ? value[name, i] : before
		print t0 / 1e9, (v - before) / (t[i] - t0) * 1e9
		print t[i] / 1e9, (v - before) / (t[i] - t0) * 1e9
		before = v
		t0 = t[i]
	}
}

END {
	for (i = 1; i <= metrics; i++) {
		title = metric[i]
		if (title ~ /(nonblock|unbounded|untimed)_events$/ ||
		    !sub(/^inv_/, "", title) || !sub(/_events$/, "", title))
			continue
		draw(metric[i], title)
	}
	fact("extra", blocks + 0)
	n = read_list(retries, wanted)
	for (i = 1; i <= n; i++) {
		split(wanted[i], part, "\t")
		if (part[1] in moved)
			draw(part[1], part[2])
	}
	fact("unit", "1/s")
	fact("blocks", blocks + 0)
}
