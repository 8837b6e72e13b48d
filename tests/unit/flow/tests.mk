# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += unit-flow
TESTS += unit-flow
unit_flow_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    %D%/fixture.c %D%/fixture.h %D%/records.c %D%/suite.c %D%/suite.h \
    %D%/audit_test.c %D%/authority_test.c %D%/change_test.c %D%/crl_test.c %D%/jobs_test.c %D%/keycheck_test.c %D%/lifecycle_test.c %D%/login_test.c \
    %D%/merkle_test.c %D%/perform_test.c %D%/expire_test.c %D%/audit_read_test.c \
    %D%/request_test.c %D%/status_test.c %D%/approval_test.c %D%/successor_test.c \
    %D%/retry_test.c %D%/rules_test.c %D%/ready_test.c %D%/answers_test.c \
    %D%/publish_test.c %D%/entitle_test.c tests/unit/store/fixture.c tests/unit/store/fixture.h
unit_flow_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_flow_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
unit_flow_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
EXTRA_DIST += %D%/profile.json %D%/server.json
