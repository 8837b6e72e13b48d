# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += unit-proto
TESTS += unit-proto
unit_proto_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    tests/unit/flow/fixture.c tests/unit/flow/records.c \
    tests/unit/store/fixture.c tests/unit/flow/fixture.h \
    %D%/api_test.c %D%/audit_test.c %D%/dispatch_test.c %D%/fake.c %D%/fake.h %D%/negotiate_test.c \
    %D%/public_test.c %D%/routes_test.c %D%/suite.c %D%/suite.h
unit_proto_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_proto_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
unit_proto_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
