// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm run: the default suite on this kernel: the benchmarks, then a storm
 * of all four first stressors, into one results folder, then its table. In the
 * lab it is what `make run` starts.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct suite {
	const char *out, *seconds, *seed, *workers, *backend;
	int bench, stress;
};

static const struct argp_option options[] = {
	{ "out", 'o', "DIR", 0, "results folder (default: $HMMSTORM_RESULTS, or out/run)", 0 },
	{ "backend", 'b', "NAME", 0, "device (default: test_hmm)", 0 },
	{ "seconds", 't', "S", 0, "of storm (default: 15)", 0 },
	{ "workers", 'w', "N", 0, "threads of each stressor (default: 2)", 0 },
	{ "seed", 'S', "N", 0, "of all random choices (default: 1)", 0 },
	{ "no-bench", 'B', NULL, 0, "leave the benchmarks out", 0 },
	{ "no-stress", 'N', NULL, 0, "leave the storm out", 0 },
	{ 0 },
};

/* The storm checks its numbers itself, but only after minutes of benchmarks. */
static const char *number(struct argp_state *state, const char *text,
			  const char *what, double least)
{
	char *end;

	if (!*text || !(strtod(text, &end) >= least) || *end)
		argp_failure(state, 2, 0, "--%s takes a number, not '%s'", what,
			     text);
	return text;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct suite *s = state->input;

	switch (key) {
	case 'o':
		s->out = arg;
		break;
	case 'b':
		s->backend = arg;
		break;
	case 't':
		s->seconds = number(state, arg, "seconds", 1e-9);
		break;
	case 'w':
		s->workers = number(state, arg, "workers", 1);
		break;
	case 'S':
		s->seed = number(state, arg, "seed", 0);
		break;
	case 'B':
		s->bench = 0;
		break;
	case 'N':
		s->stress = 0;
		break;
	case ARGP_KEY_ARG:
		argp_failure(state, 2, 0, "'%s' is not an option", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Runs the default suite on this kernel and prints its table.\v"
	       "Exit status: the worst of its parts': 0, 1 failed, 2 bad usage, 4 skipped.",
};

/* Runs a sibling program to its end; its exit status. */
static int start(const char *name, const char *const *args)
{
	char path[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	int status;
	pid_t pid;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, name);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		execv(path, (char *const *)args);
		fprintf(stderr, "hmmstorm: cannot start %s: %s\n", path,
			strerror(errno));
		_exit(2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* 1 before 4 before 0: a failure is not hidden by a skip. */
static int worse(int a, int b)
{
	if (a && a != 4)
		return a;
	return b ? b : a;
}

int main(int argc, char **argv)
{
	struct suite s = {
		.out = getenv("HMMSTORM_RESULTS"),
		.seconds = "15", .seed = "1", .workers = "2",
		.backend = "test_hmm", .bench = 1, .stress = 1,
	};
	int status = 0;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &s);
	if (!s.out)
		s.out = "out/run";
	if (s.bench) {
		const char *const args[] = { "hmmstorm-bench", "--backend",
					     s.backend, "--out", s.out, NULL };

		fprintf(stderr, "hmmstorm run: benchmarks on %s\n", s.backend);
		status = worse(status, start("hmmstorm-bench", args));
	}
	if (s.stress && (!status || status == 4)) {
		const char *const args[] = { "hmmstorm-stress", "--backend",
					     s.backend, "--workers", s.workers,
					     "--seconds", s.seconds, "--seed",
					     s.seed, "--out", s.out, NULL };

		fprintf(stderr, "hmmstorm run: storm of %s s with %s workers a stressor\n",
			s.seconds, s.workers);
		status = worse(status, start("hmmstorm-stress", args));
	}
	if (status != 4 && status != 2) {
		const char *const args[] = { "hmmstorm-report", s.out, NULL };

		status = worse(status, start("hmmstorm-report", args));
	}
	return status;
}
