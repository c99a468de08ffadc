/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HMMSTORM_VERSION_H
#define HMMSTORM_VERSION_H

#define HMMSTORM_VERSION "0.1"

#endif
