# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += unit-store
TESTS += unit-store
unit_store_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    %D%/values_test.c %D%/txn_test.c %D%/writers_test.c %D%/batch_test.c %D%/faults_test.c %D%/commit_test.c \
    %D%/records_test.c %D%/pki_test.c %D%/crls_test.c %D%/events_test.c %D%/search_test.c %D%/schema_test.c %D%/fixture.c %D%/fixture.h %D%/proxy.c %D%/proxy.h %D%/suite.c %D%/suite.h
unit_store_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_store_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
unit_store_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
EXTRA_DIST += %D%/postgres.sh
