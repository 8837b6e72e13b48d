# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += unit-pki
TESTS += unit-pki
unit_pki_SOURCES = tests/unit/unit.h tests/unit/unit.c \
    %D%/cert_test.c %D%/clientcert_test.c %D%/crl_test.c %D%/csr_test.c %D%/der_test.c %D%/ext_test.c \
    %D%/name_test.c %D%/ocsp_test.c %D%/pem_test.c %D%/policies_test.c %D%/pubkey_test.c %D%/san_test.c %D%/suite.c %D%/suite.h
unit_pki_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
unit_pki_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
unit_pki_LDADD = libcertmgr.la $(CHECK_LIBS) $(CORE_LIBS)
EXTRA_DIST += tests/samples
