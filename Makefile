# SPDX-License-Identifier: GPL-2.0-only
# make run    the main job: set up, boot the lab, the standard set, report, answers
#             (KERNEL=6.12: on that kernel)
# make matrix the kernel lines beside each other: instructions an operation
# make test   all tests: unit tests on the host, then the lab
# make        the programs (build/bin, and ./hmmstorm in front of them)
# make check  linters: shellcheck, checkpatch, sparse, include directions
MAKEFLAGS += --no-builtin-rules
B ?= build
CC ?= gcc
CXX ?= g++
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wshadow
SAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
# the same programs wherever they are built: the lab counts the instructions of unpacking them
MAPPED := -ffile-prefix-map=$(CURDIR)=.
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(MAPPED) $(CFLAGS) $(SAN) $(WARN) -pthread
ALL_CXXFLAGS := -std=gnu++17 $(MAPPED) $(CFLAGS) $(SAN) -Wall -Wextra -Werror -pthread
LDLIBS := -lkmod -lhwloc -lnuma -lgsl -lgslcblas -lz -lm

# A file is added by being there; the lists are compared below so that one
# that is taken away leaves the programs too.
# What reads results and writes findings is for the host, and takes GSL along: no
# program of the lab is linked with it.
REPORT := $(addprefix lib/,stats.c results.c doc.c doc_html.c doc_markdown.c markup.c figure.c \
	experiment.c findings.c costs.c crossover.c calls_predicted.c) \
	$(wildcard lib/experiment/*.c) $(wildcard lib/regress/*.c)
LIB := $(filter-out $(REPORT),$(wildcard lib/*.c lib/backend/*.c lib/calls/*.c))
STRESS := $(wildcard stress/*.c)
BENCH := $(wildcard bench/*.c)
SHIM := bench/cbench.cc
CMDS := $(wildcard lib/cmd/*.c)
UNITS := $(wildcard tests/unit-*.c)
GUEST_TESTS := $(filter-out $(UNITS),$(wildcard tests/*.c))

obj = $(patsubst %,$(B)/obj/%.o,$(basename $1))
GUEST_PROGRAMS := $(patsubst tests/%.c,$(B)/bin/test-%,$(GUEST_TESTS))
PROGRAMS := $(B)/bin/hmmstorm $(GUEST_PROGRAMS) \
	$(patsubst lib/cmd/%.c,$(B)/bin/hmmstorm-%,$(filter-out %/hmmstorm.c,$(CMDS))) \
	$(B)/bin/hmmstorm-stress $(B)/bin/hmmstorm-bench \
	$(B)/bin/hmmstorm-vminit $(B)/bin/hmmstorm-vmwatch
UNIT_PROGRAMS := $(patsubst tests/%.c,$(B)/tests/%,$(UNITS))
# Programs that read results; they are for the host and stay out of the lab
# (scripts/initramfs reads their names).
HOST_PROGRAMS := $(addprefix $(B)/bin/hmmstorm-,experiments compare track export import \
	functions matrix)

.PHONY: all run matrix test unit setup check clean plots FORCE
all: $(PROGRAMS) $(B)/lib/windows.so hmmstorm

ifeq ($(B),build)
hmmstorm: $(B)/bin/hmmstorm
	ln -sf $< $@
else
hmmstorm:
endif

run: setup
	@$(MAKE) --no-print-directory -s all
	@scripts/main-job $(if $(KERNEL),--kernel $(KERNEL))

matrix: setup
	@$(MAKE) --no-print-directory -s all
	@scripts/make-matrix

test:
	@scripts/setup test
	@$(MAKE) --no-print-directory -s all
	@tests/run-all

setup:
	@scripts/setup

unit: $(UNIT_PROGRAMS)

check:
	@scripts/check

plots: all
	scripts/methodology
	scripts/plot.d/scale results/reference/scale-stock-7.3

$(B)/bin/hmmstorm-stress: $(call obj,$(STRESS) $(LIB))
$(B)/bin/hmmstorm-bench: $(call obj,$(BENCH) $(SHIM) $(LIB))
$(B)/bin/hmmstorm-vminit: $(call obj,lib/vm/init.c lib/vm/channel.c)
$(B)/bin/hmmstorm-vmwatch: $(call obj,lib/vm/watch.c lib/vm/channel.c)
$(HOST_PROGRAMS): $(call obj,$(REPORT))
$(HOST_PROGRAMS): EXTRA += -ljansson
$(B)/bin/hmmstorm: $(B)/obj/lib/cmd/hmmstorm.o $(call obj,$(LIB))
$(filter-out %/hmmstorm %-stress %-bench %-vminit %-vmwatch $(B)/bin/test-%,$(PROGRAMS)): \
		$(B)/bin/hmmstorm-%: $(B)/obj/lib/cmd/%.o $(call obj,$(LIB))
$(GUEST_PROGRAMS): $(B)/bin/test-%: $(B)/obj/tests/%.o $(call obj,$(LIB))
$(B)/tests/unit-cbench: $(B)/obj/tests/unit-cbench.o $(call obj,$(SHIM) $(LIB))
$(B)/tests/unit-stress: $(B)/obj/tests/unit-stress.o \
		$(call obj,$(filter-out stress/main.c,$(STRESS)) $(LIB))
$(B)/tests/unit-chains: $(B)/obj/tests/unit-chains.o \
		$(call obj,bench/chains.c bench/pace.c $(LIB))
$(filter-out %-cbench %-chains %-stress,$(UNIT_PROGRAMS)): \
		$(B)/tests/%: $(B)/obj/tests/%.o $(call obj,$(LIB)) $(B)/obj/lib/vm/channel.o
REPORT_TESTS := $(addprefix $(B)/tests/unit-,crossover results doc experiment) \
	$(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit-regress-*.c))
$(REPORT_TESTS): $(call obj,$(REPORT))
$(REPORT_TESTS): EXTRA += -ljansson

$(B)/bin/hmmstorm-bench $(B)/tests/unit-cbench: LINK := $(CXX)
$(B)/bin/hmmstorm-bench $(B)/tests/unit-cbench: EXTRA := -lbenchmark
$(B)/tests/unit-cbench: EXTRA += -ljansson
LINK := $(CC)

$(PROGRAMS) $(UNIT_PROGRAMS): $(B)/files
	@mkdir -p $(@D)
	$(LINK) $(SAN) -pthread -o $@ $(filter %.o,$^) $(EXTRA) $(LDLIBS)

# QEMU loads it (hmmstorm vm --functions); the rest of the symbols are QEMU's.
$(B)/lib/windows.so: lib/vm/windows.c lib/vm/qemu_plugin.h lib/window.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -fPIC -shared -fvisibility=hidden -o $@ $<

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

# The files there are now; when the list changes, everything is linked again.
$(B)/files: FORCE
	@mkdir -p $(@D)
	@echo $(sort $(LIB) $(REPORT) $(STRESS) $(BENCH) $(CMDS)) | cmp -s - $@ || \
		echo $(sort $(LIB) $(REPORT) $(STRESS) $(BENCH) $(CMDS)) > $@
	@printf '%s\n' $(notdir $(HOST_PROGRAMS)) hmmstorm-vmwatch > $(B)/host-programs

clean:
	rm -rf build hmmstorm

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
