# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/find.c %D%/find.h \
    %D%/generate.c \
    %D%/key.c %D%/key.h \
    %D%/keyring.c %D%/keyring.h \
    %D%/module.c %D%/module.h \
    %D%/object.c %D%/object.h \
    %D%/public.c \
    %D%/rv.c %D%/rv.h \
    %D%/slot.c %D%/slot.h \
    %D%/token.c %D%/token.h \
    %D%/uri.c %D%/uri.h \
    %D%/wait.c %D%/wait.h
