// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/disturb.c: the column of steal time, each threshold from both sides, and a
 * thread that is really preempted, and one that really moves.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/disturb.h"
#include "../lib/tap.h"

static void test_steal(void)
{
	static const char stat[] = "cpu  1 2 3 4 5 6 7 80 9 10\n"
				   "cpu0 1 2 3 4 5 6 7 30 9 10\n"
				   "cpu10 1 2 3 4 5 6 7 99 9 10\n"
				   "cpu1 1 2 3 4 5 6 7 50 9 10\nintr 1\n";

	tap_eq(disturb_steal(stat, 0, 100), 300000000ULL, "steal of CPU 0, ticks of 10 ms");
	tap_eq(disturb_steal(stat, 1, 1000), 50000000ULL, "CPU 1, which is not 10; of 1 ms");
	tap_eq(disturb_steal(stat, 7, 100), 0, "a CPU that is not there");
	tap_eq(disturb_steal("cpu0 1 2 3\n", 0, 100), 0, "a line without the column");
}

static bool says(struct disturbance d, uint64_t samples, const char *what)
{
	char why[100] = "";
	const char *got = disturb_why(&d, samples, why, sizeof(why));

	printf("# %s\n", got ? got : "undisturbed");
	return what ? got && strstr(got, what) : !got;
}

static void test_thresholds(void)
{
	struct disturbance d = { .ns = 1000000000 };

	tap_ok(says(d, 1, NULL), "nothing happened");
	d.switches = 10;
	tap_ok(says(d, 1000, NULL), "10 switches in 1,000 samples are borne");
	tap_ok(says(d, 999, "10 involuntary switches in 999"), "but not in 999");
	d = (struct disturbance){ .ns = 1000000000, .steal_ns = 10000000 };
	tap_ok(says(d, 1, NULL), "1%% stolen is borne");
	d.steal_ns++;
	tap_ok(says(d, 1, "10.0 ms of 1000.0 ms stolen"), "but no more");
	d = (struct disturbance){ .ns = 1, .frequency = 0.05 };
	tap_ok(says(d, 1, NULL), "5%% of the clock are borne");
	d.frequency = 0.06;
	tap_ok(says(d, 1, "6%"), "but no more");
	d = (struct disturbance){ .ns = 1, .migrations = 1 };
	tap_ok(says(d, 1000000, "another CPU"), "a move is not");
}

static void spin_ms(unsigned int ms)
{
	uint64_t end = clock_ns() + ms * 1000000ULL;

	while (clock_ns() < end)
		;
}

static void *spin_beside(void *stop)
{
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED))
		;
	return NULL;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Another thread that spins on the same CPU: each is preempted for the other. */
static void test_preempted(void)
{
	struct disturb_reading r;
	struct disturbance d;
	bool stop = false;
	pthread_t other;

	pin(sched_getcpu());
	pthread_create(&other, NULL, spin_beside, &stop); /* inherits the CPU */
	disturb_begin(&r);
	spin_ms(200);
	disturb_end(&r, &d);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(other, NULL);
	d.steal_ns = 0; /* a busy host's, whose reason would come first */
	tap_ok(d.switches > 0 && says(d, 1, "switches"), "preempted %llu times",
	       (unsigned long long)d.switches);
	tap_ok(d.ns >= 200000000, "the time between is told");
}

static void test_moved(void)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct disturb_reading r;
	struct disturbance d;

	if (cpus < 2) {
		tap_skip("moved", "one CPU");
		return;
	}
	pin(0);
	disturb_begin(&r);
	pin(1);
	disturb_end(&r, &d);
	tap_eq(d.migrations, 1, "moved from CPU 0 to 1");
}

int main(void)
{
	test_steal();
	test_thresholds();
	test_preempted();
	test_moved();
	return tap_done();
}
