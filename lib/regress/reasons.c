// SPDX-License-Identifier: GPL-2.0-only
#include <regex.h>
#include <stdlib.h>

#include "reasons.h"

static const struct {
	const char *keys;	/* extended regular expression */
	const char *since;	/* the first release that has it */
	const char *text;
} reasons[] = {
	/* mm/rmap.c; 6.1 and 6.12 walk a range's pages by get_user_pages_remote() once */
	{ "^(E7[.](mark|remark|refault|mark_threads)|E9[.]fault|E10[.]fault|E11[.]mark|E1[.]device_marks)",
	  "6.15", "make_device_exclusive() marks one page a call; before, make_device_exclusive_range() a range" },
	/* mm/memory.c: remove_device_exclusive_entry(), restore_exclusive_pte() */
	{ "^(E7[.]restore|E9[.]touch|E10[.]after_fault|E6[.](gup|vmsplice)/|E4[.]touch|E5[.]touch|E1[.]CPU_[a-z_]*[.]exclusive)",
	  "6.15", "a restore raises MMU_NOTIFY_CLEAR (before: EXCLUSIVE, owner NULL); can_change_pte_writable() decides on write" },
	/* mm/memory.c: zap_pte_range() */
	{ "^(E4[.]munmap/|E9[.]discard|E1[.](munmap|MADV_DONTNEED|MADV_FREE)[.]exclusive)",
	  "6.15", "zapping an exclusive entry takes the folio's rmap off too (before: a reference alone)" },
	/* mm/madvise.c */
	{ "^E1[.]MADV_GUARD", "6.13", "MADV_GUARD_INSTALL and _REMOVE are new" },
};

/* "6.12.117" is 6,012: a number in order of release. */
static long number_of(const char *release)
{
	char *end;
	long major = strtol(release, &end, 10);

	return 1000 * major + (*end == '.' ? strtol(end + 1, NULL, 10) : 0);
}

static int matches(const char *keys, const char *key)
{
	regex_t r;
	int found;

	if (regcomp(&r, keys, REG_EXTENDED | REG_NOSUB))
		return 0;
	found = !regexec(&r, key, 0, NULL, 0);
	regfree(&r);
	return found;
}

const char *reason_for(const char *key, const char *old_release, const char *new_release)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (number_of(old_release) < number_of(reasons[i].since) &&
		    number_of(new_release) >= number_of(reasons[i].since) &&
		    matches(reasons[i].keys, key))
			return reasons[i].text;
	return NULL;
}
