# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += unit-random
TESTS += unit-random
unit_random_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    %D%/random.c %D%/random.h %D%/random_test.c
unit_random_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_random_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
unit_random_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
