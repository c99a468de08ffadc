// SPDX-License-Identifier: GPL-2.0-only
/*
 * The storm without its coordinator: the arena's rules one by one, then storms
 * against devices that keep every promise (nothing may be reported) and against
 * devices that break one (it must be, in words that name it).
 */
#include <pthread.h>

#include "../lib/pagemap.h"
#include "../lib/tap.h"
#include "../stress/run.h"
#include "broken.h"
#include "child.h"

#define PAGES 16
#define MOST_STATS 16

static struct shared *shared;

/* An arena that is far too big must come back as NULL, as it does without ASan. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* As for a run that has not begun. */
static void shared_reset(void)
{
	unsigned int i, op;

	memset(shared, 0, sizeof(*shared) + MOST_STATS * sizeof(shared->stats[0]));
	for (i = 0; i < MOST_STATS; i++)
		for (op = 0; op < MAX_OPS; op++)
			hist_init(&shared->stats[i].latency[op]);
}

static void shared_init(void)
{
	shared = mmap(NULL, sizeof(*shared) + MOST_STATS * sizeof(shared->stats[0]),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		exit(2);
	shared_reset();
}

static struct options make_options(const char *backend, const char *stressors)
{
	struct options o = {
		.backend = backend_find(backend),
		.workers = 2,
		.processes = 1,
		.seed = 5,
		.pages = PAGES,
		.stuck_seconds = 60,
	};
	char names[100], *rest = names, *name;

	strcpy(names, stressors);
	while ((name = strsep(&rest, ",")))
		o.stressor[o.nr_stressors++] = stressor_find(name);
	return o;
}

static const char *first_failure(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < workers_in_all(o); i++)
		if (shared->stats[i].failure[0])
			return shared->stats[i].failure;
	return "";
}

/* One of the texts, which are divided by '|', is in some worker's failure. */
static bool failed_with(const struct options *o, const char *texts)
{
	char copy[200], *rest = copy, *text;
	unsigned int i;

	strcpy(copy, texts);
	while ((text = strsep(&rest, "|")))
		for (i = 0; i < workers_in_all(o); i++)
			if (strstr(shared->stats[i].failure, text))
				return true;
	return false;
}

/* --- the arena --- */

static struct arena arena;
static struct worker worker;

static void worker_init(const char *backend)
{
	static struct device *dev;
	static volatile sig_atomic_t stop;
	char why[100];

	if (dev)
		dev->ops->close(dev);
	dev = NULL;
	if (backend && backend_open(backend_find(backend), &dev, why, sizeof(why)))
		exit(2);
	worker = (struct worker){
		.stressor = stressor_find("adder"),
		.arena = &arena,
		.dev = dev,
		.stats = &shared->stats[0],
		.stop = &stop,
	};
	rng_init(&worker.rng, 1, "unit", 0);
	arena_thread(&worker);
}

static bool slots_are_sound(void)
{
	size_t i;

	for (i = 0; i < arena.nr; i++)
		if (!slot_check(&worker, i, slot_page(&arena, i), arena.slot[i].done, "test") ||
		    !slot_check_sum(&worker, i))
			return false;
	return true;
}

static void test_arena(void)
{
	tap_ok(!((uintptr_t)arena.base % (2 << 20)), "an arena is aligned to a huge page");
	tap_ok(slots_are_sound(), "a new arena's pages are stamped and hold 0");
	tap_ok(!arena.slot[3].generation && !shared->stats[0].failure[0], "in generation 0");
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_stamps(void)
{
	static uint64_t stamp[2000 * 20];
	size_t n = 0, i, slot;
	uint64_t generation;
	bool good = true;

	for (slot = 0; slot < 2000; slot++)
		for (generation = 0; generation < 40; generation += 2)
			stamp[n++] = slot_stamp(slot, generation);
	qsort(stamp, n, sizeof(*stamp), by_value);
	for (i = 0; i < n; i++)
		good &= stamp[i] && (!i || stamp[i] != stamp[i - 1]);
	tap_ok(good, "the stamps of %zu slots and generations differ, none is 0", n);
}

static void test_pick(void)
{
	bool inside = true, first[PAGES] = { 0 }, last[PAGES] = { 0 };
	size_t longest = 0, i, both = 0;

	for (i = 0; i < 10000; i++) {
		struct run r = arena_pick(&worker, i % 2 ? 8 : 1000);

		inside &= r.nr >= 1 && r.first + r.nr <= PAGES && (i % 2 == 0 || r.nr <= 8);
		first[r.first] = true;
		last[(r.first + r.nr - 1) % PAGES] = true;
		if (r.nr > longest)
			longest = r.nr;
	}
	for (i = 0; i < PAGES; i++)
		both += first[i] && last[i];
	tap_ok(inside, "a run lies in the arena and is no longer than asked");
	tap_ok(both == PAGES && longest == PAGES, "all slots begin and end some, all are one");
}

static void test_add(void)
{
	struct slot *s = &arena.slot[2];
	uint64_t before = slot_page(&arena, 2)[0];

	slot_cpu_add(&worker, 2);
	tap_eq(slot_device_add(&worker, 2), 0, "the device adds");
	tap_ok(slot_page(&arena, 2)[0] == before + 2 && s->begun == before + 2 &&
	       s->done == before + 2, "CPU's and device's additions are counted");
	tap_ok(slots_are_sound(), "and change nothing else");
	worker_init("denies");
	s->begun = s->done;
	tap_eq(slot_device_add(&worker, 2), -EBUSY, "a refused addition is passed on");
	tap_ok(s->begun == before + 2 && s->done == before + 2, "and not counted");
	slot_page(&arena, 2)[0] = before + 2;
	worker_init("sound");
}

/* Without CAP_ATOMIC_CPU the device must be alone with the page. */
static void test_add_alone(void)
{
	static struct backend_ops weak;
	const struct backend_ops *real = worker.dev->ops;

	weak = *real;
	weak.caps &= ~(unsigned int)CAP_ATOMIC_CPU;
	worker.dev->ops = &weak;
	pthread_rwlock_rdlock(&arena.slot[1].content);
	tap_eq(slot_device_add(&worker, 1), -EAGAIN, "a device without real atomics waits for the CPU");
	pthread_rwlock_unlock(&arena.slot[1].content);
	tap_eq(slot_device_add(&worker, 1), 0, "and adds when alone");
	tap_ok(slots_are_sound(), "its addition is counted");
	slot_page(&arena, 1)[0] += 5;
	slot_device_add(&worker, 1);
	tap_ok(strstr(shared->stats[0].failure, "device atomic on slot 1 met"),
	       "a value that never was is noticed by the atomic itself");
	shared_reset();
	slot_page(&arena, 1)[0] -= 5;
	worker.dev->ops = real;
}

/* --- damage, done by hand to slot 4, and what must be said of it --- */

static void lose_update(uint64_t *page)
{
	page[0]--;
}

static void add_update(uint64_t *page)
{
	page[0]++;
}

static void fresh_page(uint64_t *page)
{
	memset(page, 0, BACKEND_PAGE_SIZE);
}

static void foreign_page(uint64_t *page)
{
	memcpy(page, slot_page(&arena, 5), BACKEND_PAGE_SIZE);
}

static void older_page(uint64_t *page)
{
	page[STAMP_WORD] = slot_stamp(4, arena.slot[4].generation + 2);
	page[STAMP_WORD_END] = page[STAMP_WORD];
}

static void torn_start(uint64_t *page)
{
	page[STAMP_WORD] = 0;
}

static void torn_end(uint64_t *page)
{
	page[STAMP_WORD_END] ^= 1;
}

static const struct {
	const char *what;
	void (*damage)(uint64_t *page);
	const char *check_says, *sum_says;	/* NULL: cannot see it */
} damages[] = {
	{ "a lost update", lose_update, "lost or foreign update", "lost atomic" },
	{ "an update too many", add_update, "lost or foreign update", "lost atomic" },
	{ "a fresh page", fresh_page, "old or foreign memory", "lost atomic" },
	{ "another slot's page", foreign_page, "old or foreign memory", "lost atomic" },
	{ "another generation's page", older_page, "old or foreign memory", NULL },
	{ "a page torn at its start", torn_start, "old or foreign memory", NULL },
	{ "a page torn at its end", torn_end, "old or foreign memory", NULL },
};

static void test_damage(void)
{
	uint64_t *page = slot_page(&arena, 4), whole[BACKEND_PAGE_SIZE / 8];
	size_t i;

	for (i = 0; i < 3; i++)
		slot_cpu_add(&worker, 4);
	memcpy(whole, page, sizeof(whole));
	for (i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		bool good;

		damages[i].damage(page);
		shared_reset();
		good = !slot_check(&worker, 4, page, arena.slot[4].done, "nobody");
		tap_ok(good && shared->stop &&
			       strstr(shared->stats[0].failure, damages[i].check_says) &&
		       strstr(shared->stats[0].failure, "slot 4"),
		       "%s is noticed by a reader", damages[i].what);
		shared_reset();
		good = slot_check_sum(&worker, 4) == !damages[i].sum_says;
		tap_ok(good && (!damages[i].sum_says ||
				strstr(shared->stats[0].failure, damages[i].sum_says)),
		       "%s and the exact sum", damages[i].what);
		memcpy(page, whole, sizeof(whole));
	}
	shared_reset();
	tap_ok(slots_are_sound() && !shared->stop, "the page restored, all is well again");
}

/* An addition under way may be seen or not; at the end it must be there. */
static void test_bounds(void)
{
	struct slot *s = &arena.slot[6];
	uint64_t *page = slot_page(&arena, 6);

	shared_reset();
	s->begun++;
	tap_ok(slot_check(&worker, 6, page, s->done, "test"), "an addition begun may be missing");
	page[0]++;
	tap_ok(slot_check(&worker, 6, page, s->done, "test"), "or be there");
	page[0]++;
	tap_ok(!slot_check(&worker, 6, page, s->done, "test"), "but not twice");
	page[0]--;
	tap_ok(!slot_check_sum(&worker, 6), "at rest, one begun and not done is wrong");
	s->done++;
	shared_reset();
	tap_ok(slot_check_sum(&worker, 6), "done, it is right");
	worker_fail(&worker, "first %d", 1);
	worker_fail(&worker, "second");
	tap_ok(shared->stop && !strcmp(shared->stats[0].failure, "first 1"),
	       "a failure stops the run; the first is kept");
	shared_reset();
}

static void test_locks(void)
{
	struct run all = { 0, PAGES }, middle = { 4, 4 }, left = { 0, 4 };

	tap_ok(run_lock_rights(&arena, middle), "rights of a run are locked");
	tap_ok(!run_lock_rights(&arena, all), "a run over it is busy");
	tap_ok(run_lock_rights(&arena, left), "and has left nothing locked");
	run_unlock_rights(&arena, left);
	run_unlock_rights(&arena, middle);
	tap_ok(run_lock_content(&arena, middle), "content of a run is locked");
	tap_ok(!run_lock_content(&arena, all), "a run over it is busy");
	tap_ok(run_lock_content(&arena, left), "and has left nothing locked");
	run_unlock_content(&arena, left);
	tap_ok(pthread_rwlock_tryrdlock(&arena.slot[5].content), "an addition waits for it");
	run_unlock_content(&arena, middle);
	tap_ok(run_lock_rights(&arena, all) && run_lock_content(&arena, all), "at last all are free");
	run_unlock_content(&arena, all);
	run_unlock_rights(&arena, all);
}

static void test_renew(void)
{
	struct run r = { 8, 4 };
	uint64_t before = arena.slot[9].generation, old[BACKEND_PAGE_SIZE / 8];

	slot_cpu_add(&worker, 9);
	memcpy(old, slot_page(&arena, 9), sizeof(old));
	run_lock_content(&arena, r);
	run_begin_replace(&arena, r);
	tap_ok(arena.slot[9].generation & 1 && !(arena.slot[7].generation & 1) &&
	       !(arena.slot[12].generation & 1), "a page being replaced has an odd generation, its neighbours not");
	munmap(slot_page(&arena, 8), 4 * BACKEND_PAGE_SIZE);
	tap_ok(run_renew(&worker, r), "fresh pages are mapped at the place");
	run_unlock_content(&arena, r);
	tap_eq(arena.slot[9].generation, before + 2, "in the next generation");
	tap_ok(slots_are_sound() && !slot_page(&arena, 9)[0], "stamped, and counting from 0");
	tap_ok(!slot_check(&worker, 9, old, 0, "device"), "the old page is known as old");
	shared_reset();
	tap_ok(!run_renew(&worker, r) && strstr(shared->stats[0].failure, "place just unmapped"),
	       "a place that is taken is noticed");
	shared_reset();
}

/* --- SIGSEGV --- */

static struct worker other;

static void *add_there(void *arg)
{
	size_t i = (size_t)(uintptr_t)arg;

	other = worker;
	other.stats = &shared->stats[1];
	arena_thread(&other);
	slot_cpu_add(&other, i);
	return NULL;
}

/* Starts an addition to a slot that is not there, waits until it waits. */
static pthread_t add_in_vain(size_t i)
{
	uint64_t before = shared->stats[1].segv_retries;
	pthread_t t;
	int naps;

	if (pthread_create(&t, NULL, add_there, (void *)(uintptr_t)i))
		exit(2);
	for (naps = 0; naps < 5000; naps++) {
		if (__atomic_load_n(&shared->stats[1].segv_retries, __ATOMIC_RELAXED) > before + 2)
			break;
		usleep(1000);
	}
	return t;
}

static void test_segv(void)
{
	uint64_t *page = slot_page(&arena, 3), was = page[0], seen;
	void *away = mmap(NULL, BACKEND_PAGE_SIZE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t t;

	mprotect(page, BACKEND_PAGE_SIZE, PROT_READ);
	t = add_in_vain(3);
	seen = page[0];
	mprotect(page, BACKEND_PAGE_SIZE, PROT_READ | PROT_WRITE);
	pthread_join(t, NULL);
	tap_ok(seen == was && page[0] == was + 1, "a CPU addition waits for its right to write");
	mremap(page, BACKEND_PAGE_SIZE, BACKEND_PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, away);
	t = add_in_vain(3);
	mremap(away, BACKEND_PAGE_SIZE, BACKEND_PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, page);
	pthread_join(t, NULL);
	tap_ok(page[0] == was + 2 && slots_are_sound(), "and for a page that is elsewhere");
	tap_ok(shared->stats[1].segv_retries > 4 && !shared->stats[1].failure[0],
	       "the waiting is counted, and is no failure");
	shared_reset();
}

static volatile char sink;

/* Status of a process that reads addr, as this worker or as nobody. */
static int read_in_child(const volatile char *addr, struct worker *w)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		alarm(1);
		arena_thread(w);
		sink = *addr;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_other_segv(void)
{
	char *hole = mmap(NULL, BACKEND_PAGE_SIZE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tap_eq(read_in_child(hole, &worker), SIGSEGV, "an access outside the arena dies of it");
	tap_eq(read_in_child(arena.base + PAGES * BACKEND_PAGE_SIZE, &worker), SIGSEGV,
	       "also just behind its end");
	mprotect(arena.base, BACKEND_PAGE_SIZE, PROT_NONE);
	tap_eq(read_in_child(arena.base, NULL), SIGSEGV, "so does a thread that is no worker");
	tap_eq(read_in_child(arena.base, &worker), SIGALRM, "a worker waits in the arena");
	mprotect(arena.base, BACKEND_PAGE_SIZE, PROT_READ | PROT_WRITE);
	munmap(hole, BACKEND_PAGE_SIZE);
}

/* --- storms --- */

static void *give_go(void *o)
{
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < workers_in_all(o))
		usleep(1000);
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Once there were some turns. */
static void *give_go_late(void *o)
{
	while (__atomic_load_n(&nr_turns, __ATOMIC_RELAXED) < 7)
		usleep(1000);
	return give_go(o);
}

/* In this process, by steps: what it leaves behind is a leak of ours. */
static void test_here(void)
{
	struct options o = make_options("sound", "atomics,mprotect,fork,munmap,migrate,adder");
	unsigned int i, idle = 0;
	pthread_t coordinator;

	o.ops = 60;
	if (pthread_create(&coordinator, NULL, give_go, &o))
		exit(2);
	tap_eq(storm(&o, shared, 0), 0, "a storm of all stressors ends by itself");
	pthread_join(coordinator, NULL);
	tap_ok(!first_failure(&o)[0] && !shared->trouble[0], "no invariant breaks: %s%s",
	       first_failure(&o), shared->trouble);
	for (i = 0; i < workers_in_all(&o); i++)
		idle += shared->stats[i].steps != 60;
	tap_eq(idle, 0, "each worker made its steps");
	tap_ok(shared->finished == workers_in_all(&o) && shared->ready == workers_in_all(&o), "and told so");
}

/* Each once before the storm, in reverse; then by turns from the second on. */
static void test_policies(void)
{
	static const char *const want[] = { "c", "bb", "a", "bb", "c", "a", "bb" };
	struct options o = make_options("turns", "adder");
	pthread_t coordinator;
	unsigned int i, wrong = 0;

	o.policy = "a,bb,c";
	o.ops = 100;
	nr_turns = 0;
	if (pthread_create(&coordinator, NULL, give_go_late, &o))
		exit(2);
	tap_eq(storm(&o, shared, 0), 0, "a storm under three policies by turns");
	pthread_join(coordinator, NULL);
	for (i = 0; i < 7; i++)
		wrong += strcmp(policy_turns[i], want[i]) != 0;
	tap_ok(nr_turns >= 7 && !wrong, "each gets its turn, %u turns", nr_turns);
	shared_reset();
}

/* In a process of its own, until something breaks, it ends or the time is up. */
static int run_storm(const struct options *o, double seconds)
{
	uint64_t start = clock_ns();
	int status = -1;
	pid_t pid;

	shared_reset();
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(storm(o, shared, 0));
	while (!shared->stop && (double)(clock_ns() - start) < seconds * 1e9) {
		if (waitpid(pid, &status, WNOHANG))
			return status;
		usleep(1000);
		if (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) == workers_in_all(o))
			__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	}
	shared->stop = 1;
	waitpid(pid, &status, 0);
	return status;
}

static const struct {
	const char *backend, *stressors;
	const char *says;	/* one of these, divided by '|' */
} broken[] = {
	{ "loses", "atomics", "lost atomic|lost or foreign update" },
	{ "loses", "atomics,mprotect,fork,munmap", "lost atomic|lost or foreign update" },
	{ "doubles", "atomics", "lost atomic|lost or foreign update" },
	{ "races", "atomics", "lost atomic|lost or foreign update" },
	{ "denies", "atomics", "lost atomic|lost or foreign update" },
	{ "writes_read_only", "mprotect", "while it was PROT_READ" },
	{ "reads_prot_none", "mprotect", "while it was PROT_NONE" },
	{ "reads_prot_none", "mprotect,munmap,atomics", "while it was PROT_NONE" },
	{ "keeps_unmapped", "munmap", "while nothing was mapped there" },
	{ "keeps_old", "munmap", "old or foreign memory" },
	{ "keeps_old", "atomics", "lost or foreign update" },
	{ "reads_neighbour", "atomics", "old or foreign memory" },
	{ "tears", "atomics", "old or foreign memory" },
	{ "migrates_to_zero", "migrate", "old or foreign memory" },
	{ "migrates_stale", "migrate", "lost or foreign update" },
	{ "sound", "fork,adder-shared", "fork child" },
	{ "sound", "canary", "lost atomic" },
};

static void test_broken(void)
{
	size_t i;

	for (i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct options o = make_options(broken[i].backend, broken[i].stressors);
		int status = run_storm(&o, 20);

		if (tap_ok(!status && failed_with(&o, broken[i].says),
			   "%s under %s: %s", broken[i].backend, broken[i].stressors,
			   first_failure(&o)))
			continue;
		printf("# wait status %d, trouble '%s', wanted: %s\n", status,
		       shared->trouble, broken[i].says);
	}
}

/* The control: the same, and nothing to be found. */
static void test_sound(void)
{
	static const char *const stressors[] = {
		"atomics", "mprotect", "munmap", "fork,adder", "migrate",
		"atomics,mprotect,fork,munmap,migrate,adder",
	};
	size_t i;

	for (i = 0; i < sizeof(stressors) / sizeof(*stressors); i++) {
		struct options o = make_options("sound", stressors[i]);
		int status = run_storm(&o, 1);

		tap_ok(!status && !first_failure(&o)[0] && !shared->trouble[0],
		       "a sound device under %s: nothing%s%s", stressors[i],
		       first_failure(&o), shared->trouble);
	}
}

static void test_trouble(void)
{
	struct options o = make_options("sound", "unable");
	struct topo *t = NULL;

	run_storm(&o, 5);
	tap_ok(strstr(shared->trouble, "unable cannot start: No space left") &&
	       shared->trouble_status == 1, "a stressor that cannot start is named");
	o = make_options("turns", "adder");
	o.policy = "a,bad";
	run_storm(&o, 5);
	tap_ok(strstr(shared->trouble, "no policy \"bad\"") && shared->trouble_status == 2,
	       "a bad policy among good ones is bad usage: %s", shared->trouble);
	o.policy = "a,";
	run_storm(&o, 5);
	tap_ok(strstr(shared->trouble, "no policy \"\"") && shared->trouble_status == 2,
	       "an empty one too");
	o = make_options("sound", "adder");
	o.pages = 1UL << 35;
	run_storm(&o, 5);
	tap_ok(strstr(shared->trouble, "no arena of 34359738368 pages"),
	       "an arena that does not fit too: %s", shared->trouble);
	if (!topo_open(&t) && topo_nodes(t) == 1) {
		o = make_options("sound", "adder");
		o.place = PLACE_REMOTE;
		run_storm(&o, 5);
		tap_ok(shared->trouble_status == 4 && strstr(shared->trouble, "two NUMA nodes"),
		       "--node remote on one node is skipped: %s", shared->trouble);
	}
	topo_close(t);
}

/* Asked for and without an answer is not sound; with counters, see the lab. */
static void test_truth(void)
{
	unsigned int lines;
	const char *said;

	catch_stderr();
	lines = truth_judge(NULL, NULL);
	said = caught();
	tap_ok(lines == 2 && strstr(said, "FAILED: missed_invalidations cannot be read") &&
	       strstr(said, "FAILED: truth_unclassified cannot be read"),
	       "ground truth without counters is broken, and says so");
}

int main(int argc, char **argv)
{
	struct topo *topo;

	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		return 0;	/* what the fork stressor's children exec */
	shared_init();
	test_here();		/* first: it tells worker_fail() of shared */
	shared_reset();
	test_policies();
	worker_init("sound");
	if (!tap_ok(!topo_open(&topo) &&
		    !arena_init(&arena, PAGES, THP_NEVER, PLACE_ANY, topo) &&
		    !arena_catch_segv(&arena), "an arena is made"))
		return tap_done();
	test_arena();
	test_stamps();
	test_pick();
	test_add();
	test_add_alone();
	test_damage();
	test_bounds();
	test_locks();
	test_renew();
	test_segv();
	test_other_segv();
	worker_init(NULL);
	arena_exit(&arena);
	topo_close(topo);
	test_sound();
	test_broken();
	test_trouble();
	test_truth();
	return tap_done();
}
