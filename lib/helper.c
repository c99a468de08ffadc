// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device_node.h"
#include "helper.h"

int helper_open(struct hmmstorm_version *v)
{
	int fd = device_open_misc(HMMSTORM_DEVICE), ret = 0;
	struct hmmstorm_version have;

	if (fd < 0)
		return fd;
	if (ioctl(fd, HMMSTORM_IOC_VERSION, &have))
		ret = -errno;
	else if (have.abi != HMMSTORM_ABI)
		ret = -EPROTO;
	if (ret) {
		close(fd);
		return ret;
	}
	if (v)
		*v = have;
	return fd;
}
