// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only C++ file: Google Benchmark 1.7.1 behind the C API of cbench.h.
 * Every extern "C" function catches what the library throws and makes a
 * message of it, so that no exception crosses a C frame.
 */
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cbench.h"

using benchmark::BenchmarkReporter;
using benchmark::Counter;
using benchmark::State;
using Run = BenchmarkReporter::Run;
using Builder = benchmark::internal::Benchmark;

struct cbench_state {
	State *st;
	const cbench *bench;
	std::string *pending; /* in a hook: why run() must not start */
	double began; /* of the loop, in seconds; 0: not yet */
	double counted; /* sum of cbench_set_time() */
};

extern "C" const cbench *const __start_hmmstorm_benches[];
extern "C" const cbench *const __stop_hmmstorm_benches[];

namespace {

/* A counter's name under which attached data finds its repetition: the library
 * calls run() several times to find the number of iterations, and only the last
 * call's counters reach a report. Never shown.
 */
const char slot_counter[] = "cbench.slot";
/* Likewise: manual time that the library was told in excess, see Bridge::Run. */
const char surplus_counter[] = "cbench.surplus";

struct Slot {
	void *data;
	void (*release)(void *);
};

std::vector<Slot> slots;
std::map<std::string, std::string> units;
std::vector<std::string> flags;
cbench_totals totals;
const cbench_host *host;
std::string write_error;

template <typename F> void guard(cbench_state *s, F body) noexcept
{
	try {
		body();
	} catch (const std::exception &e) {
		fprintf(stderr, "hmmstorm: %s: %s\n", s->bench->name, e.what());
		abort();
	}
}

const int64_t min_iterations = 3;

double now()
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- flags ---- */

enum class Kind { Bool, Number, Text, Choice, Pair };

const struct Flag {
	const char *name;
	Kind kind;
	const char *choices; /* " a b c " */
} known_flags[] = {
	{ "benchmark_list_tests", Kind::Bool, nullptr },
	{ "benchmark_filter", Kind::Text, nullptr },
	{ "benchmark_min_time", Kind::Number, nullptr },
	{ "benchmark_min_warmup_time", Kind::Number, nullptr },
	{ "benchmark_repetitions", Kind::Number, nullptr },
	{ "benchmark_enable_random_interleaving", Kind::Bool, nullptr },
	{ "benchmark_report_aggregates_only", Kind::Bool, nullptr },
	{ "benchmark_display_aggregates_only", Kind::Bool, nullptr },
	{ "benchmark_format", Kind::Choice, " console json csv " },
	{ "benchmark_out", Kind::Text, nullptr },
	{ "benchmark_out_format", Kind::Choice, " console json csv " },
	{ "benchmark_color", Kind::Choice, " auto true false yes no on off 1 0 " },
	{ "benchmark_counters_tabular", Kind::Bool, nullptr },
	{ "benchmark_context", Kind::Pair, nullptr },
	{ "benchmark_perf_counters", Kind::Text, nullptr },
	{ "benchmark_time_unit", Kind::Choice, " ns us ms s " },
	{ "v", Kind::Number, nullptr },
};

bool is_flag(const char *arg)
{
	return !strncmp(arg, "--benchmark_", 12) || !strncmp(arg, "--v=", 4);
}

bool value_fits(const Flag &flag, const char *value)
{
	char *end;

	switch (flag.kind) {
	case Kind::Bool:
		return true;
	case Kind::Number:
		return value && *value && strtod(value, &end) >= 0 && !*end;
	case Kind::Choice:
		return value && *value && !strchr(value, ' ') &&
		       strstr(flag.choices,
			      (" " + std::string(value) + " ").c_str());
	case Kind::Pair:
		return value && strchr(value, '=');
	default:
		return value;
	}
}

/* The library's own parser exits 0 on a bad --benchmark_format. */
bool flag_is_good(const std::string &arg)
{
	const char *equals = strchr(arg.c_str(), '=');
	std::string name = arg.substr(2, equals ? equals - arg.c_str() - 2 :
						  std::string::npos);

	for (const Flag &flag : known_flags)
		if (name == flag.name)
			return value_fits(flag, equals ? equals + 1 : nullptr);
	return false;
}

bool flag_is_true(const char *name)
{
	const char *value = cbench_flag(name);

	return value && *value != '0' && !strchr("fFnN", *value) &&
	       strcasecmp(value, "off");
}

/* ---- registration ---- */

std::vector<int64_t> axis_values(const cbench_axis &a)
{
	if (a.values)
		return { a.values, a.values + a.nr_values };
	if (a.multiplier)
		return benchmark::CreateRange(a.lo, a.hi, (int)a.multiplier);
	return benchmark::CreateDenseRange(a.lo, a.hi, (int)a.step);
}

class Bridge : public Builder {
public:
	explicit Bridge(const cbench *b)
		: Builder(b->name)
		, bench(b)
	{
		const char *why = host->gate ? host->gate(b) : nullptr;

		if (why)
			gate = std::string(CBENCH_SKIPPED) + why;
		set_args();
		set_time();
	}

	void Run(State &st) override
	{
		cbench_state s = { &st, bench, nullptr, 0, 0 };

		if (!gate.empty())
			return st.SkipWithError(gate.c_str());
		if (!pending.empty())
			return st.SkipWithError(pending.c_str());
		bench->run(&s);
		/* the library aborts the program on this one */
		if (!st.error_occurred() && st.iterations() < st.max_iterations)
			st.SkipWithError("returned before its loop ended");
		if (bench->time == CBENCH_MANUAL_TIME && !iterations)
			bound_wall_time(&s);
	}

	void hook(void (*call)(cbench_state *), const State &st, bool first)
	{
		cbench_state s = { const_cast<State *>(&st), bench, &pending,
				   0, 0 };

		if (first)
			pending.clear();
		if (call && gate.empty())
			call(&s);
	}

	const cbench *const bench;

private:
	void set_args()
	{
		std::vector<std::vector<int64_t> > product;
		std::vector<std::string> names;

		for (const cbench_axis &a : bench->axes) {
			if (!a.name)
				break;
			names.push_back(a.name);
			if (!bench->nr_rows)
				product.push_back(axis_values(a));
		}
		for (size_t i = 0; i < bench->nr_rows; i++)
			Args({ bench->rows[i], bench->rows[i] + names.size() });
		if (!product.empty())
			ArgsProduct(product);
		if (!names.empty())
			ArgNames(names);
	}

	void set_time()
	{
		static const benchmark::TimeUnit unit[] = {
			benchmark::kNanosecond, benchmark::kMicrosecond,
			benchmark::kMillisecond, benchmark::kSecond
		};
		int64_t n = bench->iterations;

		if (!n && !bench->min_time)
			n = host->iterations;
		iterations = n;
		for (const int *t = bench->threads; t && *t; t++)
			Threads(*t);
		if (bench->time == CBENCH_MANUAL_TIME)
			UseManualTime();
		else if (bench->time == CBENCH_REAL_TIME)
			UseRealTime();
		if (bench->process_cpu_time)
			MeasureProcessCPUTime();
		if (bench->unit != CBENCH_NS)
			Unit(unit[bench->unit]);
		if (bench->repetitions)
			Repetitions(bench->repetitions);
		if (n)
			Iterations(n);
		if (!n && bench->min_time > 0)
			MinTime(bench->min_time);
		if (!n && bench->min_warmup_time > 0)
			MinWarmUpTime(bench->min_warmup_time);
	}

	/* The library ends a benchmark after five times min_time of wall time,
	 * but not one with manual time: a short operation between long
	 * preparations would take minutes. So it is told at least a fifth of
	 * the wall time. And one operation longer than min_time would end it
	 * with a single sample: so it is told less until there are a few. The
	 * reports take the surplus out again.
	 */
	void bound_wall_time(cbench_state *s) const
	{
		double told = std::max((now() - s->began) / 5, s->counted);

		if (s->st->error_occurred())
			return;
		/* makes it choose min_iterations next */
		if (s->st->iterations() < min_iterations)
			told = std::min(told, min_time() * 1.4 / min_iterations);
		s->st->SetIterationTime(told - s->counted);
		s->st->counters[surplus_counter] = Counter(told - s->counted);
	}

	double min_time() const
	{
		const char *flag = cbench_flag("benchmark_min_time");

		if (bench->min_time > 0)
			return bench->min_time;
		return flag ? strtod(flag, nullptr) : 0.5;
	}

	std::string gate, pending;
	int64_t iterations = 0;
};

/* Setup() and Teardown() take plain function pointers and the State they pass
 * does not say whose it is: so one function for each benchmark with a hook.
 */
const size_t max_hooked = 128;
std::vector<Bridge *> hooked;

template <size_t N> void setup_of(const State &st)
{
	hooked[N]->hook(hooked[N]->bench->setup, st, true);
}

template <size_t N> void teardown_of(const State &st)
{
	hooked[N]->hook(hooked[N]->bench->teardown, st, false);
}

using Hook = void (*)(const State &);

template <size_t... N> Hook setup_at(size_t i, std::index_sequence<N...>)
{
	static const Hook table[] = { setup_of<N>... };

	return table[i];
}

template <size_t... N> Hook teardown_at(size_t i, std::index_sequence<N...>)
{
	static const Hook table[] = { teardown_of<N>... };

	return table[i];
}

void add_hooks(Bridge *b)
{
	std::make_index_sequence<max_hooked> all;

	if (!b->bench->setup && !b->bench->teardown)
		return;
	if (hooked.size() == max_hooked)
		throw std::length_error("too many benchmarks with setup(): raise max_hooked in cbench.cc");
	hooked.push_back(b);
	b->Setup(setup_at(hooked.size() - 1, all));
	b->Teardown(teardown_at(hooked.size() - 1, all));
}

std::vector<const cbench *> &added()
{
	static std::vector<const cbench *> list;

	return list;
}

const std::vector<const cbench *> &sorted()
{
	static std::vector<const cbench *> list;

	if (list.empty()) {
		list.assign(__start_hmmstorm_benches, __stop_hmmstorm_benches);
		list.insert(list.end(), added().begin(), added().end());
		std::sort(list.begin(), list.end(),
			  [](const cbench *a, const cbench *b) {
				  return strverscmp(a->name, b->name) < 0;
			  });
	}
	return list;
}

/* ---- reports ---- */

bool is_skip(const Run &run)
{
	return run.error_occurred && !run.error_message.compare(0, sizeof(CBENCH_SKIPPED) - 1, CBENCH_SKIPPED);
}

cbench_value value_of(const std::pair<const std::string, Counter> &c)
{
	auto unit = units.find(c.first);
	cbench_value v = { c.first.c_str(), "1",
			   !!(c.second.flags & Counter::kIsRate),
			   c.second.value };

	if (unit != units.end())
		v.unit = unit->second.c_str();
	return v;
}

/* "pages:64/write:1" or "64/1" */
std::vector<std::pair<std::string, double> > split_args(const std::string &args)
{
	std::vector<std::pair<std::string, double> > list;
	size_t from = 0;

	while (from < args.size()) {
		size_t to = std::min(args.find('/', from), args.size());
		std::string one = args.substr(from, to - from);
		size_t colon = one.find(':');

		if (colon == std::string::npos)
			list.emplace_back(std::to_string(list.size()),
					  strtod(one.c_str(), nullptr));
		else
			list.emplace_back(one.substr(0, colon),
					  strtod(one.c_str() + colon + 1, nullptr));
		from = to + 1;
	}
	return list;
}

void give_result(const Run &run, void *data)
{
	std::vector<cbench_value> args, values;
	auto list = split_args(run.run_name.args);
	std::string full = run.benchmark_name();
	double to_ns = 1e9 / benchmark::GetTimeUnitMultiplier(run.time_unit);

	for (const auto &a : list)
		args.push_back({ a.first.c_str(), "1", false, a.second });
	for (const auto &c : run.counters)
		values.push_back(value_of(c));
	cbench_result r = {};
	r.name = run.run_name.function_name.c_str();
	r.full_name = full.c_str();
	r.args = args.data();
	r.nr_args = args.size();
	r.label = run.report_label.c_str();
	r.error = run.error_occurred ? run.error_message.c_str() : nullptr;
	r.threads = (unsigned int)run.threads;
	r.repetition = (unsigned int)run.repetition_index;
	r.iterations = run.iterations;
	r.real_ns = run.GetAdjustedRealTime() * to_ns;
	r.cpu_ns = run.GetAdjustedCPUTime() * to_ns;
	r.values = values.data();
	r.nr_values = values.size();
	r.data = data;
	host->result(&r);
}

void *take_slot(Run &run)
{
	auto c = run.counters.find(slot_counter);
	void *data = nullptr;

	if (c == run.counters.end())
		return nullptr;
	if (run.run_type == Run::RT_Iteration)
		data = slots[(size_t)c->second.value].data;
	run.counters.erase(c);
	return data;
}

/* Takes the surplus of manual time out of a repetition. */
void correct(Run &run)
{
	auto c = run.counters.find(surplus_counter);
	double told = run.real_accumulated_time, ratio;

	if (c == run.counters.end())
		return;
	run.real_accumulated_time -= c->second.value / (double)run.threads;
	if (run.real_accumulated_time < 0)
		run.real_accumulated_time = 0;
	run.counters.erase(c);
	ratio = run.real_accumulated_time > 0 ? told / run.real_accumulated_time : 0;
	for (auto &counter : run.counters) {
		if (!(counter.second.flags & Counter::kIsRate))
			continue;
		if (counter.second.flags & Counter::kInvert)
			counter.second.value *= ratio ? 1 / ratio : 0;
		else
			counter.second.value *= ratio;
	}
}

/* The library made its aggregates from what it was told: makes one again, by
 * the library's own statistic, from the corrected repetitions.
 */
void aggregate_again(Run &run, const std::vector<Run> &from)
{
	std::vector<double> times, values;

	run.counters.erase(surplus_counter);
	for (const auto &statistic : *from[0].statistics) {
		if (statistic.name_ != run.aggregate_name)
			continue;
		for (const Run &r : from)
			times.push_back(r.real_accumulated_time);
		run.real_accumulated_time = statistic.compute_(times);
		if (run.aggregate_unit == benchmark::kTime)
			run.real_accumulated_time *= (double)from.size() /
						     (double)from[0].iterations;
		for (auto &counter : run.counters) {
			if (!(counter.second.flags & Counter::kIsRate))
				continue;
			values.clear();
			for (const Run &r : from)
				values.push_back(r.counters.at(counter.first).value);
			counter.second.value = statistic.compute_(values);
		}
	}
}

/* Stands before one of the library's reporters: takes the hidden counter out,
 * counts failures, makes a skip look like one, and does the library's
 * "aggregates only" itself, because the library then keeps the repetitions, and
 * with them the errors, from every reporter.
 */
class Report : public BenchmarkReporter {
public:
	Report(BenchmarkReporter *to, bool is_console, bool is_first,
	       bool only_aggregates)
		: inner(to)
		, console(is_console)
		, first(is_first)
		, aggregates(only_aggregates)
	{
	}

	bool ReportContext(const Context &context) override
	{
		width = context.name_field_width;
		inner->SetOutputStream(&GetOutputStream());
		inner->SetErrorStream(&GetErrorStream());
		return inner->ReportContext(context);
	}

	void ReportRuns(const std::vector<Run> &runs) override
	{
		std::vector<Run> show;

		if (runs[0].run_type == Run::RT_Iteration)
			good.clear();
		for (Run run : runs) {
			void *data = take_slot(run);

			if (run.run_type == Run::RT_Iteration)
				take(run, data);
			else if (!good.empty())
				aggregate_again(run, good);
			if (is_skip(run) && console)
				print_skip(run);
			else
				show.push_back(std::move(run));
		}
		hide_repetitions(show);
		if (!show.empty())
			inner->ReportRuns(show);
	}

	void Finalize() override
	{
		inner->Finalize();
		GetOutputStream().flush();
		if (GetOutputStream().fail() && write_error.empty())
			write_error = first ? "cannot write the report to stdout" :
					      "cannot write --benchmark_out: is the disk full?";
	}

private:
	void take(Run &run, void *data)
	{
		correct(run);
		if (!run.error_occurred)
			good.push_back(run);
		if (!first)
			return;
		if (!run.error_occurred)
			totals.done++;
		else if (is_skip(run))
			totals.skipped++;
		else
			totals.failed++;
		if (host->result)
			give_result(run, data);
	}

	/* Where aggregates follow: there are none of a single repetition. */
	void hide_repetitions(std::vector<Run> &show)
	{
		if (!aggregates || good.size() < 2)
			return;
		show.erase(std::remove_if(show.begin(), show.end(),
					  [](const Run &r) {
						  return r.run_type == Run::RT_Iteration &&
							 !r.error_occurred;
					  }),
			   show.end());
	}

	void print_skip(const Run &run)
	{
		GetOutputStream() << std::left << std::setw((int)width)
				  << run.benchmark_name() << ' '
				  << run.error_message << '\n';
	}

	std::unique_ptr<BenchmarkReporter> inner;
	const bool console, first, aggregates;
	std::vector<Run> good; /* the last benchmark's repetitions */
	size_t width = 0;
};

BenchmarkReporter *new_file_reporter(const std::string &format)
{
	if (format == "console")
		return new benchmark::ConsoleReporter(
			benchmark::ConsoleReporter::OO_None);
	if (format == "json")
		return new benchmark::JSONReporter;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	return new benchmark::CSVReporter;
#pragma GCC diagnostic pop
}

bool format_is(const char *flag, const char *name, const char *otherwise)
{
	const char *format = cbench_flag(flag);

	return !strcmp(format ? format : otherwise, name);
}

void run_all()
{
	bool none = flag_is_true("benchmark_report_aggregates_only");
	bool hide = none || flag_is_true("benchmark_display_aggregates_only");
	const char *format = cbench_flag("benchmark_out_format");
	const char *out = cbench_flag("benchmark_out");
	Report display(benchmark::CreateDefaultDisplayReporter(),
		       format_is("benchmark_format", "console", "console"),
		       true, hide);
	std::unique_ptr<Report> file;

	if (out && *out)
		file.reset(new Report(new_file_reporter(format ? format : "json"),
				      format_is("benchmark_out_format",
						"console", "json"),
				      false, none));
	totals.matched = benchmark::RunSpecifiedBenchmarks(&display, file.get());
	std::cout.flush();
}

void register_all()
{
	benchmark::ClearRegisteredBenchmarks();
	hooked.clear();
	for (const cbench *b : sorted()) {
		Bridge *bridge = new Bridge(b);

		benchmark::internal::RegisterBenchmarkInternal(bridge);
		add_hooks(bridge);
	}
}

/* The library exits on an output file that it cannot open. */
int try_out_file(char *why, size_t len)
{
	const char *out = cbench_flag("benchmark_out");
	FILE *f;
	int err;

	if (!out || !*out)
		return 0;
	f = fopen(out, "ae");
	if (f) {
		fclose(f);
		return 0;
	}
	err = -errno;
	snprintf(why, len, "cannot write --benchmark_out=%s: %s", out,
		 strerror(-err));
	return err;
}

void stop(cbench_state *s, const char *prefix, const char *fmt, va_list ap)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s", prefix);

	vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	guard(s, [&] {
		if (s->pending)
			*s->pending = text;
		else
			s->st->SkipWithError(text);
	});
}

} /* namespace */

/* ---- the C API ---- */

extern "C" {

void cbench_add(const struct cbench *b)
{
	added().push_back(b);
}

size_t cbench_count(void)
{
	return sorted().size();
}

const struct cbench *cbench_at(size_t i)
{
	return i < sorted().size() ? sorted()[i] : nullptr;
}

const struct cbench *cbench_self(const struct cbench_state *s)
{
	return s->bench;
}

int64_t cbench_arg(const struct cbench_state *s, size_t i)
{
	return s->st->range(i);
}

int cbench_threads(const struct cbench_state *s)
{
	return s->st->threads();
}

int cbench_thread(const struct cbench_state *s)
{
	return s->st->thread_index();
}

int64_t cbench_iterations(const struct cbench_state *s)
{
	return s->st->iterations();
}

bool cbench_keep_running(struct cbench_state *s)
{
	return cbench_keep_running_batch(s, 1);
}

bool cbench_keep_running_batch(struct cbench_state *s, int64_t n)
{
	bool more = n == 1 ? s->st->KeepRunning() : s->st->KeepRunningBatch(n);

	if (!s->began)
		s->began = now();
	return more;
}

void cbench_pause(struct cbench_state *s)
{
	guard(s, [&] { s->st->PauseTiming(); });
}

void cbench_resume(struct cbench_state *s)
{
	guard(s, [&] { s->st->ResumeTiming(); });
}

void cbench_set_time(struct cbench_state *s, double seconds)
{
	s->counted += seconds;
	s->st->SetIterationTime(seconds);
}

void cbench_set_label(struct cbench_state *s, const char *label)
{
	guard(s, [&] { s->st->SetLabel(label); });
}

void cbench_set_items(struct cbench_state *s, int64_t items)
{
	guard(s, [&] { s->st->SetItemsProcessed(items); });
}

void cbench_set_bytes(struct cbench_state *s, int64_t bytes)
{
	guard(s, [&] { s->st->SetBytesProcessed(bytes); });
}

void cbench_fail(struct cbench_state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(s, "", fmt, ap);
	va_end(ap);
}

void cbench_skip(struct cbench_state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	stop(s, CBENCH_SKIPPED, fmt, ap);
	va_end(ap);
}

bool cbench_stopped(const struct cbench_state *s)
{
	return s->pending ? !s->pending->empty() : s->st->error_occurred();
}

void cbench_counter(struct cbench_state *s, const char *name, const char *unit,
		    double value, unsigned int flags)
{
	static const struct {
		unsigned int from, to;
	} map[] = {
		{ CBENCH_RATE, Counter::kIsRate },
		{ CBENCH_AVERAGE_THREADS, Counter::kAvgThreads },
		{ CBENCH_ITERATION_INVARIANT, Counter::kIsIterationInvariant },
		{ CBENCH_AVERAGE, Counter::kAvgIterations },
		{ CBENCH_INVERT, (unsigned int)Counter::kInvert },
	};
	unsigned int f = 0;

	for (const auto &m : map)
		f |= flags & m.from ? m.to : 0;
	guard(s, [&] {
		s->st->counters[name] =
			Counter(value, (Counter::Flags)f,
				flags & CBENCH_1024 ? Counter::kIs1024 :
						      Counter::kIs1000);
		if (!s->st->thread_index())
			units[name] = unit;
	});
}

void cbench_attach(struct cbench_state *s, void *data, void (*release)(void *))
{
	guard(s, [&] {
		s->st->counters[slot_counter] = Counter((double)slots.size());
		slots.push_back({ data, release });
	});
}

int cbench_init(int *argc, char **argv, char *why, size_t len)
{
	std::vector<char *> args = { argv[0] };
	int kept = 1, n;

	flags.clear();
	for (int i = 1; i < *argc; i++) {
		if (!is_flag(argv[i])) {
			argv[kept++] = argv[i];
			continue;
		}
		flags.push_back(argv[i]);
		if (!flag_is_good(flags.back())) {
			snprintf(why, len, "no such flag, or a bad value: %s",
				 argv[i]);
			return -EINVAL;
		}
	}
	*argc = kept;
	argv[kept] = nullptr;
	std::vector<std::string> copy = flags;
	copy.push_back("--benchmark_report_aggregates_only=false");
	copy.push_back("--benchmark_display_aggregates_only=false");
	for (std::string &flag : copy)
		args.push_back(&flag[0]);
	n = (int)args.size();
	args.push_back(nullptr);
	benchmark::Initialize(&n, args.data());
	if (n > 1) {
		snprintf(why, len, "no such flag, or a bad value: %s", args[1]);
		return -EINVAL;
	}
	return 0;
}

void cbench_context(const char *key, const char *value)
{
	benchmark::AddCustomContext(key, value);
}

const char *cbench_flag(const char *name)
{
	std::string prefix = std::string("--") + name, variable = name;

	for (size_t i = flags.size(); i-- > 0;) {
		if (flags[i] == prefix)
			return "true";
		if (!flags[i].compare(0, prefix.size() + 1, prefix + "="))
			return flags[i].c_str() + prefix.size() + 1;
	}
	for (char &c : variable)
		c = (char)toupper(c);
	return getenv(variable.c_str());
}

int cbench_run(const struct cbench_host *h, struct cbench_totals *t, char *why,
	       size_t len)
{
	int ret = try_out_file(why, len);

	if (ret)
		return ret;
	host = h;
	totals = {};
	write_error.clear();
	try {
		register_all();
		run_all();
	} catch (const std::exception &e) {
		snprintf(why, len, "%s", e.what());
		ret = -EIO;
	}
	for (const Slot &slot : slots)
		if (slot.release)
			slot.release(slot.data);
	slots.clear();
	*t = totals;
	if (!ret && !write_error.empty()) {
		snprintf(why, len, "%s", write_error.c_str());
		ret = -ENOSPC;
	}
	return ret;
}

void cbench_print_flags(void)
{
	benchmark::PrintDefaultHelp();
	fflush(stdout);
}

} /* extern "C" */
