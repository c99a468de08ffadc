// SPDX-License-Identifier: GPL-2.0-only
/* Oopses when loaded: proof that the lab sees one (tests/lab-vm.sh). */
#include <linux/init.h>
#include <linux/module.h>

static int __init oops_init(void)
{
	int *volatile nowhere = NULL;

	return *nowhere;
}
module_init(oops_init);

MODULE_DESCRIPTION("oops on load, to test the hmmstorm lab");
MODULE_LICENSE("GPL");
