// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm stress: the coordinator. It never touches the device: it starts the
 * storm processes, watches them, the kernel log and the counters, and gives the
 * verdict. Its exit status is the verdict; it is decided last.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/device_node.h"
#include "../lib/kmsg.h"
#include "../lib/progress.h"
#include "../lib/record.h"
#include "run.h"

#define TICK_US 100000
#define TICKS_A_SAMPLE 5

struct coordinator {
	struct options o;
	struct shared *s;
	pid_t *pid;
	unsigned int alive;
	struct record *r;
	struct kmsg *log;
	struct counters *counters;
	uint64_t *before, *now;
	uint64_t start_ns;
	uint64_t *seen_steps, *seen_at;	/* by worker, for stuck ones */
	char splat[300];
	int child_status;		/* first bad wait status */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static struct record_id all_id(const struct coordinator *c)
{
	return (struct record_id){
		.program = "stress",
		.name = "all",
		.backend = c->o.backend->name,
		.policy = c->o.policy ? c->o.policy : "lazy",
		.protocol = c->o.backend->protocol,
		.workers = workers_in_all(&c->o),
		.pages = c->o.pages,
	};
}

static int prepare(struct coordinator *c)
{
	size_t bytes = sizeof(*c->s) +
		       workers_in_all(&c->o) * sizeof(struct worker_stats);
	unsigned int i, op;

	c->s = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	c->pid = calloc(c->o.processes, sizeof(*c->pid));
	c->seen_steps = calloc(workers_in_all(&c->o), sizeof(uint64_t));
	c->seen_at = calloc(workers_in_all(&c->o), sizeof(uint64_t));
	if (c->s == MAP_FAILED || !c->pid || !c->seen_steps || !c->seen_at)
		return -ENOMEM;
	for (i = 0; i < workers_in_all(&c->o); i++)
		for (op = 0; op < MAX_OPS; op++)
			hist_init(&c->s->stats[i].latency[op]);
	return 0;
}

static void unprepare(struct coordinator *c)
{
	free(c->pid);
	free(c->seen_steps);
	free(c->seen_at);
	free(c->before);
	free(c->now);
}

static void counters_start(struct coordinator *c)
{
	size_t n;

	if (counters_open_reader(&c->counters)) {
		c->counters = NULL;
		return;
	}
	n = counters_nr(c->counters);
	c->before = calloc(n, sizeof(*c->before));
	c->now = calloc(n, sizeof(*c->now));
	if (!c->before || !c->now ||
	    counters_read_total(c->counters, c->before, NULL) ||
	    counters_read_total(c->counters, c->now, NULL)) {
		counters_close(c->counters);
		c->counters = NULL;
	}
}

static int start_processes(struct coordinator *c)
{
	unsigned int i;

	for (i = 0; i < c->o.processes; i++) {
		fflush(NULL);
		c->pid[i] = fork();
		if (c->pid[i] < 0)
			return -errno;
		if (c->pid[i]) {
			c->alive++;
			continue;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGINT, SIG_IGN);	/* the coordinator says when */
		signal(SIGTERM, SIG_IGN);
		record_close(c->r);
		counters_close(c->counters);
		delays_end(&c->o.delays);
		_exit(storm(&c->o, c->s, i));
	}
	return 0;
}

static void reap(struct coordinator *c, int flags)
{
	int status;
	pid_t pid;

	while (c->alive && (pid = waitpid(-1, &status, flags)) > 0) {
		c->alive--;
		if (status && !c->child_status)
			c->child_status = status;
		if (status)
			c->s->stop = 1;
	}
}

static void sample(struct coordinator *c)
{
	struct record_id id = all_id(c);
	uint64_t t = clock_ns() - c->start_ns;
	unsigned int i, n, w;

	for (i = 0; i < c->o.nr_stressors; i++) {
		uint64_t steps = 0;

		for (n = 0; n < c->o.processes; n++)
			for (w = 0; w < c->o.workers; w++)
				steps += stats_of(&c->o, c->s, n, i, w)->steps;
		id.name = c->o.stressor[i]->name;
		record_sample(c->r, &id, t, "steps", "1", steps);
	}
	id.name = "all";
	if (!c->counters || counters_read_total(c->counters, c->now, NULL))
		return;
	for (i = 0; i < counters_nr(c->counters); i++) {
		const struct counter_desc *d = counters_desc(c->counters, i);

		if (c->now[i] != c->before[i])
			record_sample(c->r, &id, t, d->name, d->unit,
				      c->now[i] - c->before[i]);
	}
}

/* A worker that is not at its end and has made no step for too long. */
static void check_stuck(struct coordinator *c)
{
	uint64_t now = clock_ns();
	unsigned int i;

	for (i = 0; i < workers_in_all(&c->o); i++) {
		struct worker_stats *st = &c->s->stats[i];
		uint64_t steps = __atomic_load_n(&st->steps, __ATOMIC_RELAXED);

		if (steps != c->seen_steps[i] || !c->seen_at[i] ||
		    (c->o.ops && steps >= c->o.ops)) {
			c->seen_steps[i] = steps;
			c->seen_at[i] = now;
		} else if ((double)(now - c->seen_at[i]) >
				   c->o.stuck_seconds * 1e9 &&
			   !st->failure[0]) {
			snprintf(st->failure, sizeof(st->failure),
				 "no step for %.0f s after %llu: stuck or starved",
				 c->o.stuck_seconds, (unsigned long long)steps);
			c->s->stop = 1;
		}
	}
}

static bool time_is_up(const struct coordinator *c)
{
	if (c->o.ops)
		return __atomic_load_n(&c->s->finished, __ATOMIC_ACQUIRE) >=
		       workers_in_all(&c->o);
	return (double)(clock_ns() - c->start_ns) >= c->o.seconds * 1e9;
}

static void show(struct coordinator *c)
{
	double t = (double)(clock_ns() - c->start_ns) / 1e9;
	uint64_t steps = results_steps(&c->o, c->s);

	if (c->o.ops)
		progress_set("stress: %llu of %llu steps, %.0f s",
			     (unsigned long long)steps,
			     (unsigned long long)c->o.ops * workers_in_all(&c->o),
			     t);
	else
		progress_set("stress: %llu steps, %.0f of %.0f s",
			     (unsigned long long)steps, t, c->o.seconds);
}

/* The device's own node or module taken away under the run. */
static void check_present(struct coordinator *c)
{
	const struct backend_ops *b = c->o.backend;
	char why[200] = "";

	if (!b->present || !b->present(why, sizeof(why)) || c->s->trouble[0])
		return;
	snprintf(c->s->trouble, sizeof(c->s->trouble), "backend %s: %s",
		 b->name, why);
	c->s->trouble_status = 4;
	c->s->stop = 1;
}

static void watch(struct coordinator *c)
{
	unsigned int tick = 0;

	while (!c->s->stop && !interrupted && !time_is_up(c)) {
		usleep(TICK_US);
		reap(c, WNOHANG);
		if (c->log && kmsg_check(c->log, c->splat, sizeof(c->splat)))
			break;
		if (record_error(c->r))
			break;
		check_stuck(c);
		if (++tick % TICKS_A_SAMPLE)
			continue;
		check_present(c);
		show(c);
		sample(c);
	}
	c->s->stop = 1;
	c->s->elapsed_ns = clock_ns() - c->start_ns;
	progress_clear();
}

static bool any_failure(const struct coordinator *c)
{
	unsigned int i;

	for (i = 0; i < workers_in_all(&c->o); i++)
		if (c->s->stats[i].failure[0])
			return true;
	return false;
}

/* The processes end by themselves; one that does not is killed and is a
 * failure: something in it hangs.
 */
static void finish(struct coordinator *c)
{
	uint64_t deadline = clock_ns() +
			    (uint64_t)(c->o.stuck_seconds * 1e9);
	unsigned int i;

	while (c->alive && clock_ns() < deadline && !c->splat[0]) {
		reap(c, WNOHANG);
		if (c->alive)
			usleep(TICK_US / 10);
	}
	if (c->alive && !any_failure(c) && !c->splat[0])
		snprintf(c->s->stats[0].failure,
			 sizeof(c->s->stats[0].failure),
			 "a storm process does not end: a worker hangs");
	for (i = 0; i < c->o.processes && c->alive; i++)
		kill(c->pid[i], SIGKILL);
	if (!c->splat[0])
		reap(c, 0);
	if (c->log && !c->splat[0])
		kmsg_check(c->log, c->splat, sizeof(c->splat));
}

static void write_counters(struct coordinator *c)
{
	struct record_id id = all_id(c);
	size_t i;

	if (!c->counters || counters_read_total(c->counters, c->now, NULL))
		return;
	for (i = 0; i < counters_nr(c->counters); i++) {
		const struct counter_desc *d = counters_desc(c->counters, i);

		/* a peak is as it stands, a sum is what this run added */
		record_u64(c->r, &id, d->name, "count", d->unit,
			   c->now[i] - (d->kind == HMMSTORM_CUMULATIVE ?
						c->before[i] : 0));
	}
}

static void print_rerun(const struct coordinator *c)
{
	const char *vm = getenv("HMMSTORM_VM");
	int i;

	fprintf(stderr, "seed %llu; run it again:\n  %s%shmmstorm stress",
		(unsigned long long)c->o.seed, vm ? vm : "",
		vm ? " -- " : "./");
	for (i = 1; i < c->o.argc; i++)
		fprintf(stderr, " %s", c->o.argv[i]);
	fputc('\n', stderr);
}

/* How many FAILED lines it printed. Where the storm could not begin for want of
 * the counters, that is what the run says: a skip.
 */
static unsigned int judge_truth(struct coordinator *c)
{
	if (c->o.truth == HMMSTORM_TRUTH_OFF || (!c->counters && c->s->trouble[0]))
		return 0;
	return truth_judge(c->counters, c->before);
}

static int verdict(struct coordinator *c)
{
	unsigned int i, broken = judge_truth(c);

	for (i = 0; i < workers_in_all(&c->o); i++) {
		unsigned int st = i / c->o.workers % c->o.nr_stressors;

		if (!c->s->stats[i].failure[0])
			continue;
		broken++;
		fprintf(stderr, "FAILED: %s, worker %u of process %u, step %llu: %s\n",
			c->o.stressor[st]->name, i % c->o.workers,
			i / c->o.workers / c->o.nr_stressors,
			(unsigned long long)c->s->stats[i].steps,
			c->s->stats[i].failure);
	}
	if (c->splat[0]) {
		broken++;
		fprintf(stderr, "FAILED: the kernel says: %s\n", c->splat);
	}
	if (c->child_status && !broken && !c->s->trouble[0]) {
		broken++;
		fprintf(stderr, "FAILED: a storm process died: %s\n",
			WIFSIGNALED(c->child_status) ?
				strsignal(WTERMSIG(c->child_status)) :
				"it could not go on");
	}
	if (broken) {
		print_rerun(c);
		if (c->log)
			kmsg_tail(c->log, stderr);
		return 1;
	}
	if (c->s->trouble[0]) {
		fprintf(stderr, "hmmstorm stress: %s\n", c->s->trouble);
		return c->s->trouble_status;
	}
	return 0;
}

static void write_env(struct coordinator *c)
{
	record_env(c->r, "policy", all_id(c).policy);
	record_env(c->r, "protocol", all_id(c).protocol);
	record_env(c->r, "delay", delays_text(&c->o.delays));
	record_env(c->r, "truth", counters_truth_name(c->o.truth));
}

static int run(struct coordinator *c)
{
	struct record_id id = all_id(c);
	int status;

	if (start_processes(c)) {
		fprintf(stderr, "hmmstorm stress: cannot start %u processes: %s\n",
			c->o.processes, strerror(errno));
		return 1;
	}
	while (__atomic_load_n(&c->s->ready, __ATOMIC_ACQUIRE) <
		       workers_in_all(&c->o) && !c->s->stop && !interrupted) {
		usleep(1000);
		reap(c, WNOHANG);
	}
	c->start_ns = clock_ns();
	__atomic_store_n(&c->s->go, 1, __ATOMIC_RELEASE);
	watch(c);
	finish(c);
	if (c->s->ready == workers_in_all(&c->o)) {
		results_write(&c->o, c->s, c->r);
		write_counters(c);
		results_print(&c->o, c->s);
	}
	status = verdict(c);
	if (c->r)
		record_u64(c->r, &id, "invariants_hold", "verdict", "1",
			   !status);
	return status;
}

/* 4 and why, if the stressors ask for what the device cannot. */
static int check_caps(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nr_stressors; i++) {
		const struct stressor *s = o->stressor[i];

		if ((o->backend->caps & s->needs) != s->needs) {
			fprintf(stderr, "hmmstorm stress: stressor %s needs what backend %s cannot do; hmmstorm list says what\n",
				s->name, o->backend->name);
			return 4;
		}
		if (o->nr_stressors > 1 &&
		    (o->backend->caps & s->needs_in_company) != s->needs_in_company) {
			fprintf(stderr, "hmmstorm stress: on backend %s stressor %s can only run alone (METHODOLOGY.md, \"test_hmm's own defects\")\n",
				o->backend->name, s->name);
			return 4;
		}
	}
	return 0;
}

static int start_delays(struct options *o)
{
	char why[300];
	int ret = delays_begin(&o->delays, o->seed, why, sizeof(why));

	if (ret)
		fprintf(stderr, "hmmstorm stress: --delay: %s\n", why);
	if (!ret)
		return 0;
	return ret == -EINVAL ? 2 : 4;
}

int main(int argc, char **argv)
{
	struct coordinator c = { 0 };
	struct sigaction sa = { .sa_handler = on_signal };
	char why[300] = "";
	int status;

	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		return 0;	/* what a fork stressor's child execs */
	clock_init();
	options_parse(&c.o, argc, argv);
	status = check_caps(&c.o);
	if (status)
		return status;
	if (c.o.backend->probe(why, sizeof(why))) {
		fprintf(stderr, "hmmstorm stress: backend %s: %s\n",
			c.o.backend->name, why);
		return 4;
	}
	module_load("hmmstorm", NULL);	/* without it: no kernel counters */
	status = start_delays(&c.o);
	if (status)
		return status;
	if (c.o.out && record_open(&c.r, c.o.out, "stress", argc, argv, c.o.seed))
		return 2;
	write_env(&c);
	if (prepare(&c)) {
		fprintf(stderr, "hmmstorm stress: not enough memory for %u workers\n",
			workers_in_all(&c.o));
		return 1;
	}
	if (kmsg_open(&c.log)) {
		c.log = NULL;
		fprintf(stderr, "hmmstorm stress: the kernel log cannot be watched (/dev/kmsg); a splat will not be seen\n");
	}
	counters_start(&c);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	status = run(&c);
	if (record_close(c.r) && !status)
		status = 2;
	kmsg_close(c.log);
	counters_close(c.counters);
	delays_end(&c.o.delays);
	unprepare(&c);
	if (interrupted && !status)
		status = 128 + interrupted;
	return status;
}
