# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/actions.def \
    %D%/audit.c %D%/audit.h %D%/audit_verify.c \
    %D%/certificates.c %D%/certificates.h \
    %D%/crl.c %D%/crl.h \
    %D%/enroll.c \
    %D%/health.c %D%/health.h \
    %D%/jobs.c %D%/jobs.h \
    %D%/keycheck.c %D%/keycheck.h \
    %D%/lifecycle.c %D%/lifecycle.h \
    %D%/merkle.c %D%/merkle.h \
    %D%/ocsp.c %D%/ocsp.h \
    %D%/operations.c %D%/operations.h \
    %D%/people.c %D%/people.h \
    %D%/perform.c %D%/perform.h \
    %D%/requests.c %D%/requests.h \
    %D%/revoke.c \
    %D%/setup.c %D%/setup.h \
    %D%/server.c %D%/server.h \
    %D%/sign.c %D%/sign.h \
    %D%/upkeep.c %D%/upkeep.h \
    %D%/visible.c %D%/visible.h
