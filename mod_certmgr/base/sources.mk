# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/banned.h \
    %D%/bytes.c %D%/bytes.h \
    %D%/context.c %D%/context.h \
    %D%/digest.h \
    %D%/error.c %D%/error.h %D%/errors.def \
    %D%/hash.c %D%/hash.h \
    %D%/json.c %D%/json.h \
    %D%/ossl.c %D%/ossl.h \
    %D%/secret.c %D%/secret.h \
    %D%/text.c %D%/text.h \
    %D%/value.c %D%/value.h
