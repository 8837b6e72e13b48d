# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/accept.c %D%/accept.h \
    %D%/certfile.c %D%/certfile.h \
    %D%/crl/crl.c %D%/crl/crl.h \
    %D%/dispatch.c \
    %D%/eventfile.c %D%/eventfile.h \
    %D%/ocsp/ocsp.c %D%/ocsp/ocsp.h \
    %D%/problem.c %D%/problem.h \
    %D%/proto.h %D%/protocols.c \
    %D%/query.c %D%/query.h \
    %D%/reply.c %D%/reply.h \
    %D%/rest/audit.c %D%/rest/audit.h %D%/rest/event.c \
    %D%/rest/answers.h %D%/rest/certificate.c %D%/rest/changes.c %D%/rest/changes.h \
    %D%/rest/lists.c %D%/rest/me.c %D%/rest/openapi.c %D%/rest/page.c %D%/rest/page.h \
    %D%/rest/profile.c %D%/rest/request.c %D%/rest/rest.h %D%/rest/routes.c %D%/rest/schema.c %D%/rest/schema.h \
    %D%/route.c %D%/route.h
