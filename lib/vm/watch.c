// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of a lab run: starts QEMU, prints what the guest prints,
 * writes what it sends home, and says how the guest ended.
 *
 * QEMU stores the guest's console and its channel in two plain files, which are
 * read here as they grow. A file takes everything at once, so this program's
 * speed, a full pipe or a slow terminal never reach the guest.
 *
 * A run passes only on a verdict from the guest's init (channel.h). Everything
 * else has its own exit status, so that a dead guest never looks like a result.
 */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS (20 * 1000 * 1000)
#define GRACE_S 10 /* for QEMU to end after the verdict or a panic */
#define TAIL_LINES 15
#define TAIL_WIDTH 512

enum outcome {
	RUNNING = 0,
	FULL = 1, /* nothing can be written here any more */
	PANIC = 101,
	OOPS = 102,
	HANG = 103,
	LOST = 104,
	DAMAGED = 105,
	NO_QEMU = 106,
	EMULATOR = 107,
	INTERRUPTED = 108, /* never an exit status: that is 128 + signal */
};

/* A file or directory of the guest's /results, as written here so far. */
struct file {
	struct file *next;
	char *path;
	uint64_t size;
	uint32_t crc;
	uint32_t mode;
};

static struct {
	const char *dir; /* results */
	const char *run; /* scratch of this run: console, channel, qemu.err */
	long timeout_s;
	pid_t qemu;
	int dir_fd, console_fd, channel_fd, log_fd;
	off_t console_at, channel_at;
	struct channel_reader reader;
	struct file *files;
	bool hello, verdict, terminal, progress_shown, keep;
	bool free_running; /* TCG with a thread a vCPU */
	int32_t status, signal;
	enum outcome outcome; /* why the run was stopped, before any verdict */
	int stop_signal;
	time_t active; /* last sign of life, in monotonic seconds */
} vm = { .timeout_s = 300 };

static struct {
	char line[TAIL_LINES][TAIL_WIDTH];
	size_t nr; /* lines begun; the last may be unfinished */
	size_t fill; /* bytes in the last one */
	char cause[TAIL_WIDTH]; /* the line that says what went wrong */
	char rip[TAIL_WIDTH]; /* where the first oops happened */
	char byte[3]; /* what memory had before it, in hex */
	bool ended; /* CHANNEL_LOG_END has come: the rest is not kept */
	bool panic, oops;
	bool splat; /* the kernel complained, and went on */
	bool int3, stale; /* an int3 was the first complaint; no int3 is in memory */
	bool nowhere; /* the kernel jumped to address 0 */
	time_t panic_at;
} guest_log;

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void clear_progress(void)
{
	if (vm.progress_shown)
		dprintf(2, "\r\033[K");
	vm.progress_shown = false;
}

__attribute__((format(printf, 1, 2)))
static void say(const char *fmt, ...)
{
	va_list ap;

	clear_progress();
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

static void stop(enum outcome why)
{
	if (!vm.outcome)
		vm.outcome = why;
	if (vm.qemu > 0)
		kill(vm.qemu, SIGKILL);
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

static void stop_full(const char *what, int err)
{
	if (!vm.outcome)
		say("vm: cannot write %s: %s; the VM is stopped, what is written so far stands\n",
		    what, strerror(-err));
	stop(FULL);
}

/* The console, line by line: what the kernel says about its own death. */

static const char panic_words[] = "Kernel panic - not syncing: ";

/* How die(), __warn() and the page fault handler of x86 open an oops. */
static const char *const oops_words[] = {
	"BUG: ",
	"kernel BUG at ",
	"Oops: ",
	"general protection fault",
};

/* ... and what it says of itself that is no oops, but no emulator's death either. */
static const char *const splat_words[] = {
	"WARNING: ",
	"UBSAN: ",
	"INFO: task ",
	"INFO: rcu",
};

static bool is_splat(const char *line)
{
	for (size_t i = 0; i < sizeof(splat_words) / sizeof(splat_words[0]); i++)
		if (strstr(line, splat_words[i]))
			return true;
	return false;
}

/*
 * The kernel changes code that other CPUs run (static keys, ftrace) by way of an
 * int3, which its handler knows for as long as it may be met. Free-running TCG can
 * keep a translation of that int3 after memory has the new instruction: a vCPU
 * translated it while another overwrote it. It is recognised by the bytes that the
 * oops prints: the one before RIP is not 0xcc, so the vCPU ran what is not there.
 */
static void log_int3(const char *line)
{
	static const char code[] = "Code: ", rip[] = "RIP: ";
	const char *word = strstr(line, rip), *at;

	if (word && !guest_log.rip[0])
		strcpy(guest_log.rip, word + sizeof(rip) - 1);
	word = strstr(line, code);
	if (!word || guest_log.byte[0])
		return;
	at = strchr(word, '<');
	if (!at || at < word + sizeof(code) - 1 + 3)
		return;
	memcpy(guest_log.byte, at - 3, 2);
	guest_log.stale = strcmp(guest_log.byte, "cc") != 0;
}

static bool ends_with(const char *line, const char *end)
{
	size_t n = strlen(line), len = strlen(end);

	return n >= len && !strcmp(line + n - len, end);
}

static void log_line(const char *line)
{
	const char *panic = strstr(line, panic_words);

	if (guest_log.panic)
		return;
	if (guest_log.int3)
		log_int3(line);
	else if (!guest_log.cause[0] && !guest_log.splat)
		guest_log.int3 = strstr(line, "Oops: int3: ");
	guest_log.splat |= is_splat(line);
	guest_log.nowhere |= ends_with(line, "RIP: 0010:0x0");
	if (strstr(line, CHANNEL_LOG_END))
		guest_log.ended = true;
	for (size_t i = 0; !panic && i < sizeof(oops_words) / sizeof(oops_words[0]); i++) {
		const char *word = strstr(line, oops_words[i]);

		/* the first line of an oops says most; a later oops overwrites it */
		if (word && strcmp(oops_words[i], "Oops: "))
			strcpy(guest_log.cause, word);
		else if (word && !guest_log.cause[0])
			strcpy(guest_log.cause, word);
	}
	if (!panic)
		return;
	guest_log.panic = true;
	guest_log.ended = false; /* a panic on the way down is kept */
	guest_log.panic_at = now_s();
	panic += sizeof(panic_words) - 1;
	guest_log.oops = !strncmp(panic, "Fatal exception", 15); /* by oops=panic */
	if (!guest_log.oops)
		strcpy(guest_log.cause, panic);
}

static void log_char(char c)
{
	char *line = guest_log.line[guest_log.nr % TAIL_LINES];

	if (c != '\n') {
		if (guest_log.fill < TAIL_WIDTH - 1)
			line[guest_log.fill++] = c;
		line[guest_log.fill] = 0;
		return;
	}
	line[guest_log.fill] = 0;
	log_line(line);
	guest_log.nr++;
	guest_log.fill = 0;
	guest_log.line[guest_log.nr % TAIL_LINES][0] = 0;
}

static void log_tail(void)
{
	size_t end = guest_log.nr + (guest_log.fill > 0);
	size_t i = end > TAIL_LINES ? end - TAIL_LINES : 0;

	for (; i < end; i++)
		say("vm: | %s\n", guest_log.line[i % TAIL_LINES]);
	say("vm: the guest's log is %s/guest.log\n", vm.dir);
}

/* Take what the console has grown by; the serial line's CRs stay behind. */
static bool take_console(void)
{
	char buf[16384];
	ssize_t n = pread(vm.console_fd, buf, sizeof(buf), vm.console_at);
	size_t fill = 0;
	int err;

	if (n <= 0)
		return false;
	vm.console_at += n;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\r')
			continue;
		if (!guest_log.ended)
			buf[fill++] = buf[i];
		log_char(buf[i]);
	}
	err = write_all(vm.log_fd, buf, fill);
	if (err)
		stop_full("guest.log", err);
	return true;
}

/* Results. */

static struct file *file_find(const char *path)
{
	struct file *f;

	for (f = vm.files; f; f = f->next)
		if (!strcmp(f->path, path))
			return f;
	f = calloc(1, sizeof(*f));
	if (f)
		f->path = strdup(path);
	if (!f || !f->path) {
		say("vm: out of memory\n");
		exit(1);
	}
	f->next = vm.files;
	vm.files = f;
	return f;
}

static void file_forget(struct file *gone)
{
	struct file **p = &vm.files;

	while (*p != gone)
		p = &(*p)->next;
	*p = gone->next;
	free(gone->path);
	free(gone);
}

/* A guest gone wild must not write outside the results directory. */
static bool path_sane(const char *path)
{
	if (!*path || *path == '/' || !strcmp(path, "guest.log") || !strcmp(path, "vm.tsv"))
		return false;
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!strncmp(p, "..", 2) && (p[2] == '/' || !p[2]))
			return false;
	}
	return true;
}

static int put_data(struct file *f, const struct channel_file *head, const void *data, size_t len)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (head->offset ? 0 : O_TRUNC);
	int fd, err;

	if (!head->offset) {
		f->size = 0;
		f->crc = 0;
	}
	if (head->offset != f->size)
		return -EBADMSG;
	fd = openat(vm.dir_fd, f->path, flags, 0600);
	if (fd < 0)
		return -errno;
	err = lseek(fd, f->size, SEEK_SET) < 0 ? -errno : write_all(fd, data, len);
	if (close(fd) && !err)
		err = -errno;
	f->size += len;
	f->crc = channel_crc(f->crc, data, len);
	f->mode = head->mode;
	return err;
}

static int put_end(struct file *f, const struct channel_file *head)
{
	if (head->offset != f->size || head->crc != f->crc)
		return -EBADMSG;
	return fchmodat(vm.dir_fd, f->path, head->mode & 07777, 0) ? -errno : 0;
}

static int put_dir(struct file *f, const struct channel_file *head)
{
	f->mode = head->mode;
	if (mkdirat(vm.dir_fd, f->path, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

static int put_gone(struct file *f)
{
	int flags = S_ISDIR(f->mode) ? AT_REMOVEDIR : 0;
	int err = unlinkat(vm.dir_fd, f->path, flags) ? -errno : 0;

	file_forget(f);
	return err;
}

static void put(const struct channel_frame *frame)
{
	struct channel_file head;
	const unsigned char *data;
	char path[4096];
	struct file *f;
	size_t len;
	int err;

	memcpy(&head, frame->payload, sizeof(head));
	if (frame->len < sizeof(head) || head.path_len >= sizeof(path) ||
	    head.path_len > frame->len - sizeof(head)) {
		stop(DAMAGED);
		return;
	}
	data = frame->payload + sizeof(head) + head.path_len;
	len = frame->len - sizeof(head) - head.path_len;
	memcpy(path, frame->payload + sizeof(head), head.path_len);
	path[head.path_len] = 0;
	if (strlen(path) != head.path_len || !path_sane(path)) {
		say("vm: the guest sent a file named '%s', which has no place here\n", path);
		stop(DAMAGED);
		return;
	}
	f = file_find(path);
	if (frame->type == CHANNEL_FILE)
		err = put_data(f, &head, data, len);
	else if (frame->type == CHANNEL_FILE_END)
		err = put_end(f, &head);
	else if (frame->type == CHANNEL_DIR)
		err = put_dir(f, &head);
	else
		err = put_gone(f);
	if (err == -EBADMSG)
		stop(DAMAGED);
	else if (err)
		stop_full(path, err);
}

/* Directories get their own mode last: one of them may be read-only. */
static void set_dir_modes(void)
{
	for (struct file *f = vm.files; f; f = f->next)
		if (S_ISDIR(f->mode))
			fchmodat(vm.dir_fd, f->path, f->mode & 07777, 0);
}

static void show_progress(const struct channel_frame *f)
{
	if (!vm.terminal)
		return;
	dprintf(2, "\r\033[K%.*s", (int)f->len, (const char *)f->payload);
	vm.progress_shown = f->len > 0;
}

static void take_verdict(const struct channel_frame *f)
{
	int32_t v[2];

	if (f->len != sizeof(v)) {
		stop(DAMAGED);
		return;
	}
	memcpy(v, f->payload, sizeof(v));
	vm.status = v[0];
	vm.signal = v[1];
	vm.verdict = true;
}

static void pass_on(int fd, const char *name, const struct channel_frame *f)
{
	int err;

	clear_progress();
	err = write_all(fd, f->payload, f->len);
	if (err)
		stop_full(name, err);
}

static void take_frame(const struct channel_frame *f)
{
	switch (f->type) {
	case CHANNEL_HELLO:
		vm.hello = true;
		break;
	case CHANNEL_OUT:
		pass_on(1, "standard output", f);
		break;
	case CHANNEL_ERR:
		pass_on(2, "standard error", f);
		break;
	case CHANNEL_PROGRESS:
		show_progress(f);
		break;
	case CHANNEL_VERDICT:
		take_verdict(f);
		break;
	default:
		put(f);
	}
}

/* Give back the disk space of what was read; where that cannot be, no harm. */
static void punch_read(void)
{
#ifdef FALLOC_FL_PUNCH_HOLE
	static off_t punched;

	if (vm.channel_at - punched < 16 << 20)
		return;
	fallocate(vm.channel_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, punched,
		  vm.channel_at - punched);
	punched = vm.channel_at;
#endif
}

static bool take_channel(void)
{
	struct channel_frame f;
	unsigned char *room;
	size_t len;
	ssize_t n;
	int ret;

	room = channel_room(&vm.reader, &len);
	n = pread(vm.channel_fd, room, len, vm.channel_at);
	if (n <= 0)
		return false;
	vm.channel_at += n;
	channel_fed(&vm.reader, n);
	while (vm.outcome != DAMAGED && vm.outcome != FULL &&
	       (ret = channel_next(&vm.reader, &f))) {
		if (ret < 0)
			stop(DAMAGED);
		else
			take_frame(&f);
	}
	punch_read();
	return vm.outcome != DAMAGED && vm.outcome != FULL;
}

static bool take_all(void)
{
	bool any = false;

	while (take_channel())
		any = true;
	while (take_console())
		any = true;
	return any;
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0644);
	if (fd < 0) {
		say("vm: cannot open %s: %s\n", path, strerror(errno));
		exit(FULL);
	}
	return fd;
}

/*
 * QEMU gets its own process group, so that Ctrl-C reaches it through us, after
 * the channel is drained; PR_SET_PDEATHSIG ends it when even SIGKILL took us.
 */
static void start_qemu(char **argv)
{
	int err_fd = open_in(vm.run, "qemu.err", O_WRONLY | O_CREAT | O_TRUNC);
	pid_t parent = getpid();
	sigset_t none;

	vm.qemu = fork();
	if (vm.qemu < 0) {
		say("vm: fork: %s\n", strerror(errno));
		exit(NO_QEMU);
	}
	if (vm.qemu) {
		close(err_fd);
		return;
	}
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(err_fd, 1);
	dup2(err_fd, 2);
	execvp(argv[0], argv);
	dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(NO_QEMU);
}

static void show_qemu_errors(void)
{
	int fd = open_in(vm.run, "qemu.err", O_RDONLY);
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	if (n > 0)
		say("%.*s", (int)n, buf);
}

static void check_time(time_t verdict_at)
{
	time_t now = now_s();

	if (vm.verdict && now - verdict_at > GRACE_S) {
		say("vm: QEMU did not end %d s after the verdict: killed\n", GRACE_S);
		kill(vm.qemu, SIGKILL);
	} else if (guest_log.panic && now - guest_log.panic_at > GRACE_S) {
		kill(vm.qemu, SIGKILL);
	} else if (!vm.verdict && vm.timeout_s && now - vm.active >= vm.timeout_s) {
		stop(HANG);
	}
}

/* Until QEMU has ended and everything it left has been read. */
static int watch(const sigset_t *signals)
{
	struct timespec nap = { .tv_nsec = POLL_NS };
	time_t verdict_at = 0;
	int status = 0;

	vm.active = now_s();
	while (waitpid(vm.qemu, &status, WNOHANG) != vm.qemu) {
		bool had_verdict = vm.verdict;
		int sig = sigtimedwait(signals, NULL, &nap);

		if (sig > 0 && sig != SIGCHLD) {
			vm.stop_signal = sig;
			stop(INTERRUPTED);
		}
		if (take_all())
			vm.active = now_s();
		if (vm.verdict && !had_verdict)
			verdict_at = now_s();
		check_time(verdict_at);
	}
	vm.qemu = -1;
	take_all();
	set_dir_modes();
	clear_progress();
	return status;
}

static int fail(enum outcome o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(enum outcome o, const char *fmt, ...)
{
	char line[TAIL_WIDTH + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say("vm: %s\n", line);
	if (o != NO_QEMU)
		log_tail();
	return o;
}

/* QEMU drops what its file cannot take, which then looks like damage. */
static bool scratch_full(void)
{
	struct statvfs fs;

	return statvfs(vm.run, &fs) == 0 && fs.f_bavail * fs.f_bsize < CHANNEL_MAX;
}

/*
 * Free-running TCG has been seen to do both to a kernel that is innocent (METHODOLOGY.md
 * 2); so can a kernel or a module that is not.
 */
static int fail_oops(void)
{
	int ret = fail(OOPS, "guest kernel oops: %s", guest_log.cause);

	if (vm.free_running && (guest_log.nowhere || guest_log.int3))
		say("vm: before you believe it: free-running emulation can cause this where the kernel patches code that runs; try --deterministic, or KVM\n");
	return ret;
}

static int judge(int qemu_status)
{
	if (vm.outcome == FULL)
		return FULL;
	if (vm.outcome == DAMAGED && scratch_full())
		return fail(FULL, "no space left in %s, which holds what the guest sends", vm.run);
	if (vm.outcome == DAMAGED)
		return fail(DAMAGED, "damaged channel: the guest's data did not arrive as sent");
	if (guest_log.stale && vm.free_running)
		return fail(EMULATOR,
			    "the emulator lost the guest: an int3 at %s, where memory has %s "
			    "(code that the kernel patched, its old translation); no finding, run it again",
			    guest_log.rip, guest_log.byte);
	if (guest_log.oops)
		return fail_oops();
	if (guest_log.panic)
		return fail(PANIC, "guest kernel panic: %s", guest_log.cause);
	if (vm.outcome == INTERRUPTED) {
		say("vm: stopped by signal %d; what came back so far is in %s\n", vm.stop_signal,
		    vm.dir);
		return 128 + vm.stop_signal;
	}
	if (vm.outcome == HANG)
		return fail(HANG, "hang: no output, no kernel message, no progress for %ld s",
			    vm.timeout_s);
	if (vm.verdict && !vm.status && WIFEXITED(qemu_status) && WEXITSTATUS(qemu_status)) {
		show_qemu_errors();
		return fail(FULL, "QEMU ended with status %d: what it writes itself (windows.tsv) is not whole",
			    WEXITSTATUS(qemu_status));
	}
	if (vm.verdict) {
		if (vm.signal)
			say("vm: the command was killed by signal %d (%s)\n", vm.signal,
			    strsignal(vm.signal));
		return vm.status;
	}
	show_qemu_errors();
	if (!vm.hello && !vm.console_at && qemu_status)
		return fail(NO_QEMU, "QEMU could not start");
	return fail(LOST, "lost: the guest powered off or QEMU ended before the command's verdict");
}

/* The scratch directory holds these and nothing else. */
static void remove_scratch(void)
{
	static const char *const names[] = { "channel", "console", "qemu.err", "initramfs" };
	int fd = open(vm.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(fd, names[i], 0);
	close(fd);
	rmdir(vm.run);
}

static char **parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "run", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 't' },
		{ "keep", required_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		if (c == 'd')
			vm.dir = optarg;
		else if (c == 'r')
			vm.run = optarg;
		else if (c == 't')
			vm.timeout_s = atol(optarg);
		else if (c == 'k')
			vm.keep = atoi(optarg);
		else
			exit(2);
	}
	if (!vm.dir || !vm.run || optind >= argc) {
		say("usage: hmmstorm-vmwatch --dir RESULTS --run SCRATCH [--timeout S] [--keep 1] -- QEMU ARGS\n");
		exit(2);
	}
	return argv + optind;
}

/*
 * A death at boot, before init said hello, that is the emulator's (log_int3(); a
 * starved one also fails the timer check). Once or twice such a guest is started
 * again; nothing of the command had begun.
 */
static bool start_may_help(void)
{
	const char *tries = getenv("HMMSTORM_BOOT_TRIES");

	if (!vm.free_running || vm.hello || !guest_log.panic || vm.outcome == INTERRUPTED)
		return false;
	if (tries && atoi(tries) >= 2)
		return false;
	return guest_log.stale || strstr(guest_log.cause, "IO-APIC + timer");
}

static void start_again(char **argv)
{
	const char *tries = getenv("HMMSTORM_BOOT_TRIES");

	say("vm: the emulator lost the guest at boot (%s); starting it again\n", guest_log.cause);
	setenv("HMMSTORM_BOOT_TRIES", tries ? "2" : "1", 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	char **qemu = parse(argc, argv);
	sigset_t signals;
	int status;

	for (char **arg = qemu; *arg; arg++)
		vm.free_running |= !strcmp(*arg, "tcg,thread=multi");
	vm.terminal = isatty(2);
	vm.dir_fd = open(vm.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (vm.dir_fd < 0) {
		say("vm: cannot open %s: %s\n", vm.dir, strerror(errno));
		return 2;
	}
	/* made here, so that QEMU only ever opens them */
	vm.channel_fd = open_in(vm.run, "channel", O_RDWR | O_CREAT | O_TRUNC);
	vm.console_fd = open_in(vm.run, "console", O_RDONLY | O_CREAT | O_TRUNC);
	vm.log_fd = open_in(vm.dir, "guest.log", O_WRONLY | O_CREAT | O_TRUNC);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	start_qemu(qemu);
	status = watch(&signals);
	if (start_may_help())
		start_again(argv);
	status = judge(status);
	say("vm: results in %s\n", vm.dir);
	if (vm.keep)
		say("vm: scratch directory %s\n", vm.run);
	else
		remove_scratch();
	return status;
}
