// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the lab: mounts, runs one command, sends home what it prints and
 * what it writes under /results, and says last how it ended.
 *
 * Whatever goes wrong here must look like failure outside: the verdict is the
 * last frame, so a guest that dies on the way has none, and the host calls a
 * run without verdict lost.
 */
#include "channel.h"
#include "../rng.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define RESULTS "/results"
#define PROGRESS "/run/progress"
#define COMMAND_FILE "/etc/hmmstorm/command" /* zero-terminated strings */
#define ENV_FILE "/etc/hmmstorm/env"
#define MODULES_FILE "/etc/hmmstorm/modules" /* one name a line */
#define MAX_WORDS 1024
#define PORT_WAIT_MS 5000
/* What a seed disturbs: up to a tick of 4 ms (HZ 250; a turn takes four instructions) and
 * up to 1,024 pages.
 */
#define TICK_SPINS 1000000
#define DISTURB_PAGES 1024

static const struct {
	const char *what, *where, *type, *options;
	bool optional;
} mounts[] = {
	{ "proc", "/proc", "proc", NULL, false },
	{ "sysfs", "/sys", "sysfs", NULL, false },
	{ "devtmpfs", "/dev", "devtmpfs", NULL, false },
	{ "devpts", "/dev/pts", "devpts", NULL, true },
	{ "tmpfs", "/dev/shm", "tmpfs", "mode=1777", false },
	{ "tmpfs", "/tmp", "tmpfs", "mode=1777", false },
	/* a page cache that is not shmem's */
	{ "ramfs", "/var/tmp", "ramfs", "mode=1777", false },
	{ "tmpfs", "/run", "tmpfs", "mode=0755", false },
	{ "tmpfs", RESULTS, "tmpfs", "mode=0755", false },
	{ "debugfs", "/sys/kernel/debug", "debugfs", NULL, true },
	{ "tracefs", "/sys/kernel/tracing", "tracefs", NULL, true },
	{ "cgroup2", "/sys/fs/cgroup", "cgroup2", NULL, true },
	{ "hugetlbfs", "/dev/hugepages", "hugetlbfs", NULL, true },
};

/* One file or directory under /results, as far as the host knows it. */
struct sent {
	struct sent *next;
	char *path; /* relative to /results */
	ino_t ino;
	uint64_t size;
	uint32_t crc;
	mode_t mode;
	bool seen; /* in the walk that is going on */
};

static struct channel_writer channel = { .fd = -1 };
static struct sent *sent_list; /* newest first, so children come before their parents */

static void die(const char *what, int err)
{
	fprintf(stderr, "hmmstorm-vminit: %s: %s\n", what, strerror(-err));
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1); /* the kernel panics, the host sees it */
}

static void send_bytes(enum channel_type type, const void *data, size_t len)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	int err = channel_send(&channel, type, &iov, 1);

	if (err)
		die("cannot write to the channel", err);
}

static void send_file(enum channel_type type, const struct sent *s, uint64_t offset,
		      const void *data, size_t len)
{
	struct channel_file head = {
		.offset = offset,
		.mode = s->mode,
		.crc = s->crc,
		.path_len = strlen(s->path),
	};
	struct iovec iov[] = {
		{ &head, sizeof(head) },
		{ s->path, head.path_len },
		{ (void *)data, len },
	};
	int err = channel_send(&channel, type, iov, 3);

	if (err)
		die("cannot write to the channel", err);
}

__attribute__((format(printf, 1, 2)))
static void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 1)
		n = sizeof(line) - 1;
	send_bytes(CHANNEL_ERR, line, n);
}

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		/* EBUSY: the kernel mounted devtmpfs by itself */
		if (mount(mounts[i].what, mounts[i].where, mounts[i].type, 0, mounts[i].options) &&
		    errno != EBUSY && !mounts[i].optional)
			die(mounts[i].where, -errno);
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

/*
 * The lab has no secrets, and in deterministic mode no source of randomness either: the
 * first who asks for it (mke2fs does) would make the kernel spin for 25e9 instructions.
 */
static void credit_randomness(struct rng *rng)
{
	struct {
		struct rand_pool_info info;
		uint32_t words[16];
	} seed = { .info = { .entropy_count = 512, .buf_size = sizeof(seed.words) } };
	int fd = open("/dev/random", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; rng && i < sizeof(seed.words) / sizeof(seed.words[0]); i++)
		seed.words[i] = (uint32_t)rng_next(rng);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &seed))
		fprintf(stderr, "hmmstorm-vminit: /dev/random takes no seed: %s\n", strerror(errno));
	close(fd);
}

/*
 * --seed N: the command begins at another point of the timer's tick, the page allocator's
 * lists are of another length and order, and the kernel draws other random numbers. A
 * command line of the same length does not change anything by itself.
 */
static void disturb(struct rng *rng)
{
	volatile uint64_t spins = rng_below(rng, TICK_SPINS);
	size_t pages = rng_below(rng, DISTURB_PAGES), page = (size_t)getpagesize(), i;
	char *p = mmap(NULL, DISTURB_PAGES * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (i = 0; p != MAP_FAILED && i < pages; i++)
		p[i * page] = 1;
	for (i = 0; p != MAP_FAILED && i < pages; i++)
		madvise(p + rng_below(rng, pages) * page, page, MADV_DONTNEED);
	while (spins)
		spins--;
}

/*
 * A kernel with a RAM disk and ext2 gets a file system that is written back; others
 * keep the ramfs.
 */
static void mount_disk(void)
{
	static char *const mke2fs[] = { "/bin/busybox", "mke2fs", "-F", "/dev/ram0", NULL };
	int status, fd;
	pid_t pid;

	if (access("/dev/ram0", F_OK))
		return;
	pid = fork();
	if (!pid) {
		fd = open("/dev/null", O_RDWR);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		execv(mke2fs[0], mke2fs);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status ||
	    mount("/dev/ram0", "/var/tmp", "ext2", 0, NULL) || chmod("/var/tmp", 01777))
		fprintf(stderr, "hmmstorm-vminit: no ext2 on /dev/ram0: %s\n", strerror(errno));
}

/* The port appears when virtio_console's control work has run: not at once. */
static void open_channel(void)
{
	uint32_t abi = CHANNEL_ABI;
	struct termios t;

	for (int ms = 0; access("/sys/class/virtio-ports", F_OK) == 0 && ms < PORT_WAIT_MS; ms++) {
		channel.fd = open(CHANNEL_PORT, O_WRONLY | O_CLOEXEC);
		if (channel.fd >= 0)
			break;
		usleep(1000);
	}
	if (channel.fd < 0) {
		channel.fd = open(CHANNEL_TTY, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		if (channel.fd < 0)
			die("no channel: neither " CHANNEL_PORT " nor " CHANNEL_TTY, -errno);
		if (tcgetattr(channel.fd, &t) == 0) {
			cfmakeraw(&t);
			tcsetattr(channel.fd, TCSANOW, &t);
		}
	}
	send_bytes(CHANNEL_HELLO, &abi, sizeof(abi));
}

/* Read a whole small file; NULL when it is not there. */
static char *slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buf = NULL;
	size_t fill = 0;
	ssize_t n;

	if (fd < 0)
		return NULL;
	do {
		buf = realloc(buf, fill + 4097);
		if (!buf)
			die(path, -ENOMEM);
		n = read(fd, buf + fill, 4096);
		fill += n > 0 ? n : 0;
	} while (n > 0);
	close(fd);
	buf[fill] = 0;
	*len = fill;
	return buf;
}

static char **read_words(const char *path)
{
	char **words = calloc(MAX_WORDS + 1, sizeof(*words));
	size_t len = 0, nr = 0;
	char *buf = slurp(path, &len);

	if (!words)
		die(path, -ENOMEM);
	for (size_t at = 0; buf && at < len; at += strlen(buf + at) + 1) {
		if (nr == MAX_WORDS)
			die(path, -E2BIG);
		words[nr++] = buf + at;
	}
	return words;
}

static struct sent *sent_find(const char *path)
{
	struct sent *s;

	for (s = sent_list; s; s = s->next)
		if (!strcmp(s->path, path))
			return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		die(path, -ENOMEM);
	s->path = strdup(path);
	s->next = sent_list;
	sent_list = s;
	return s;
}

static uint64_t data_max(const struct sent *s)
{
	return CHANNEL_MAX - sizeof(struct channel_file) - strlen(s->path);
}

/*
 * Keep back an unfinished last line while the command still writes: what the
 * host holds after a guest crash is then whole rows. Binary data has few
 * newlines, so a chunk without one goes as it is.
 */
static ssize_t whole_rows(const char *buf, ssize_t n)
{
	const char *nl = memrchr(buf, '\n', n);

	return nl ? nl + 1 - buf : n;
}

/* Send what a file has beyond s->size, up to the end it has now. */
static void send_growth(int fd, struct sent *s, bool last)
{
	static char buf[CHANNEL_MAX];
	ssize_t n, part;

	while ((n = pread(fd, buf, data_max(s), s->size)) > 0) {
		part = last || n == (ssize_t)data_max(s) ? n : whole_rows(buf, n);
		s->crc = channel_crc(s->crc, buf, part);
		send_file(CHANNEL_FILE, s, s->size, buf, part);
		s->size += part;
		if (part < n)
			break;
	}
}

static void send_anew(int fd, struct sent *s, const struct stat *st, bool last)
{
	s->ino = st->st_ino;
	s->size = 0;
	s->crc = 0;
	send_file(CHANNEL_FILE, s, 0, NULL, 0);
	send_growth(fd, s, last);
}

/* Does the file still hold exactly what was sent? */
static bool same_as_sent(int fd, const struct sent *s)
{
	static char buf[CHANNEL_MAX];
	uint64_t size = 0;
	uint32_t crc = 0;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), size)) > 0) {
		crc = channel_crc(crc, buf, n);
		size += n;
	}
	return size == s->size && crc == s->crc;
}

static void visit_file(const char *full, struct sent *s, const struct stat *st, bool last)
{
	int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);

	if (fd < 0) {
		say("vm: %s: cannot read: %s\n", full, strerror(errno));
		return;
	}
	s->mode = st->st_mode;
	if (s->ino != st->st_ino || (uint64_t)st->st_size < s->size)
		send_anew(fd, s, st, last);
	else
		send_growth(fd, s, last);
	if (last) {
		if (!same_as_sent(fd, s))
			send_anew(fd, s, st, last);
		send_file(CHANNEL_FILE_END, s, s->size, NULL, 0);
	}
	close(fd);
}

static void visit_tree(const char *dir, bool last)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return; /* removed since we saw it */
	while ((e = readdir(d))) {
		char full[4096];
		struct sent *s;
		struct stat st;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (snprintf(full, sizeof(full), "%s/%s", dir, e->d_name) >= (int)sizeof(full) ||
		    lstat(full, &st))
			continue;
		if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
			if (last)
				say("vm: %s is neither file nor directory: not brought back\n", full);
			continue;
		}
		s = sent_find(full + sizeof(RESULTS));
		if (s->ino && (s->mode ^ st.st_mode) & S_IFMT) {
			send_file(CHANNEL_GONE, s, 0, NULL, 0);
			s->ino = 0;
		}
		s->seen = true;
		if (S_ISREG(st.st_mode)) {
			visit_file(full, s, &st, last);
			continue;
		}
		if (s->mode != st.st_mode || last) {
			s->mode = st.st_mode;
			s->ino = st.st_ino;
			send_file(CHANNEL_DIR, s, 0, NULL, 0);
		}
		visit_tree(full, last);
	}
	closedir(d);
}

/* Files that vanished (temporary ones, renamed ones) must vanish outside too. */
static void drop_gone(void)
{
	struct sent **p = &sent_list, *s;

	while ((s = *p)) {
		if (s->seen) {
			s->seen = false;
			p = &s->next;
			continue;
		}
		send_file(CHANNEL_GONE, s, 0, NULL, 0);
		*p = s->next;
		free(s->path);
		free(s);
	}
}

static void send_results(bool last)
{
	visit_tree(RESULTS, last);
	drop_gone();
}

static void send_progress(void)
{
	static char shown[256];
	char line[256];
	int fd = open(PROGRESS, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n < 0)
		return;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	if (!strcmp(line, shown))
		return;
	strcpy(shown, line);
	send_bytes(CHANNEL_PROGRESS, line, strlen(line));
}

/* 0 when nothing more is there now. */
static ssize_t pass_on(int fd, enum channel_type type)
{
	char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		send_bytes(type, buf, n);
	return n > 0 ? n : 0;
}

static pid_t start(char **argv, char **env, int out, int err)
{
	sigset_t none;
	int errno_exec;
	pid_t pid = fork();

	if (pid < 0)
		die("fork", -errno);
	if (pid)
		return pid;
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	environ = env;
	execvp(argv[0], argv);
	errno_exec = errno;
	dprintf(2, "vm: cannot run %s in the guest: %s\n", argv[0], strerror(errno_exec));
	_exit(errno_exec == ENOENT ? 127 : 126);
}

/* Reap everything that ended; true when it was the command, with its status. */
static bool reap(pid_t command, int *status)
{
	bool ended = false;
	int st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
		if (pid == command) {
			*status = st;
			ended = true;
		}
	return ended;
}

static int run(char **argv, char **env)
{
	struct itimerspec second = { { 1, 0 }, { 1, 0 } };
	struct pollfd p[4];
	int out[2], err[2], status = 0;
	sigset_t chld;
	uint64_t ticks;
	struct signalfd_siginfo info;
	bool ended = false;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe", -errno);
	pid = start(argv, env, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	p[0] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	p[2] = (struct pollfd){ .fd = signalfd(-1, &chld, SFD_CLOEXEC), .events = POLLIN };
	p[3] = (struct pollfd){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
		.events = POLLIN,
	};
	timerfd_settime(p[3].fd, 0, &second, NULL);

	while (!ended) {
		if (poll(p, 4, -1) < 0 && errno != EINTR)
			die("poll", -errno);
		for (int i = 0; i < 2; i++)
			if (p[i].revents && !pass_on(p[i].fd, i ? CHANNEL_ERR : CHANNEL_OUT))
				p[i].fd = -1; /* closed by the command, which may go on */
		if (p[2].revents && read(p[2].fd, &info, sizeof(info)) > 0)
			ended = reap(pid, &status);
		if (p[3].revents && read(p[3].fd, &ticks, sizeof(ticks)) > 0) {
			send_results(false);
			send_progress();
		}
	}
	/* what the command left running must not write while we send the rest */
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	while (pass_on(out[0], CHANNEL_OUT))
		;
	while (pass_on(err[0], CHANNEL_ERR))
		;
	return status;
}

/* Load the modules asked for before the command starts; 0 or its exit status. */
static int load_modules(char **env)
{
	size_t len = 0;
	char *names = slurp(MODULES_FILE, &len);
	char *name;

	for (name = names ? strtok(names, "\n") : NULL; name; name = strtok(NULL, "\n")) {
		char *argv[] = { "modprobe", name, NULL };
		int status = run(argv, env);

		if (status) {
			say("vm: cannot load module %s: see the guest's log\n", name);
			return 4;
		}
	}
	return 0;
}

static void end_log(void)
{
	static const char line[] = "<5>" CHANNEL_LOG_END "\n";
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, line, sizeof(line) - 1) < 0)
		fprintf(stderr, "hmmstorm-vminit: /dev/kmsg: %s\n", strerror(errno));
	close(fd);
}

/* NULL: no --seed. */
static struct rng *seeded(char **env, struct rng *rng)
{
	static const char key[] = "HMMSTORM_SEED=";

	for (; *env; env++)
		if (!strncmp(*env, key, strlen(key)) && (*env)[strlen(key)]) {
			rng_init(rng, strtoull(*env + strlen(key), NULL, 10), "boot", 0);
			return rng;
		}
	return NULL;
}

int main(void)
{
	int32_t verdict[2] = { 0, 0 };
	struct rng random, *rng;
	char **argv, **env;
	int status;

	mount_all();
	argv = read_words(COMMAND_FILE);
	env = read_words(ENV_FILE);
	rng = seeded(env, &random);
	credit_randomness(rng);
	mount_disk();
	open_channel();
	if (!argv[0])
		die(COMMAND_FILE, -ENOENT);
	for (char **e = env; *e; e++)
		if (!strncmp(*e, "PATH=", 5))
			putenv(*e);
	verdict[0] = load_modules(env);
	if (rng)
		disturb(rng);
	if (!verdict[0]) {
		status = run(argv, env);
		if (WIFSIGNALED(status))
			verdict[1] = WTERMSIG(status);
		verdict[0] = verdict[1] ? 128 + verdict[1] : WEXITSTATUS(status);
	}
	send_results(true);
	end_log();
	send_bytes(CHANNEL_VERDICT, verdict, sizeof(verdict));
	sync();
	reboot(RB_AUTOBOOT); /* QEMU runs with -no-reboot: this ends it, ACPI or not */
	return 1;
}
