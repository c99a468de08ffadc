#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The linters, and that each of them can go red.
exec "$(dirname "$(readlink -f "$0")")/../scripts/check" --all
