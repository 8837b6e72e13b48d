# SPDX-License-Identifier: Apache-2.0
# A PKCS#11 module that is SoftHSM with faults; -rpath makes libtool build a shared object.
check_LTLIBRARIES = faulty_pkcs11.la
faulty_pkcs11_la_SOURCES = %D%/faulty_module.c %D%/faults.h
faulty_pkcs11_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
faulty_pkcs11_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)
faulty_pkcs11_la_LIBADD = $(CORE_LIBS)

check_PROGRAMS += unit-keys
TESTS += unit-keys
unit_keys_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    %D%/fixture.c %D%/fixture.h %D%/faults.h %D%/suite.c %D%/suite.h \
    %D%/uri_test.c %D%/sign_test.c %D%/public_test.c %D%/generate_test.c %D%/login_test.c \
    %D%/session_test.c %D%/replug_test.c
unit_keys_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_keys_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests \
    -DFAULTY_MODULE='"$(abs_builddir)/.libs/faulty_pkcs11.so"'
unit_keys_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
unit_keys_DEPENDENCIES = libcertmgr.la faulty_pkcs11.la
