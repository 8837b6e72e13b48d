# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += unit-base
TESTS += unit-base
unit_base_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    %D%/bytes_test.c %D%/text_test.c %D%/json_test.c %D%/secret_test.c %D%/error_test.c %D%/suite.c %D%/suite.h
unit_base_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_base_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
unit_base_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
