# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += unit-policy
TESTS += unit-policy
unit_policy_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    %D%/address_test.c %D%/config_test.c %D%/config_file_test.c %D%/identity_test.c %D%/profile_test.c %D%/profile_check_test.c %D%/evaluate_test.c %D%/weakkey_test.c \
    %D%/constraints_test.c %D%/lint_test.c %D%/lint_policies_test.c %D%/lint_question.c %D%/lint_question.h \
    %D%/suite.c %D%/suite.h
unit_policy_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_policy_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
unit_policy_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
