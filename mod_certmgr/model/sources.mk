# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/authority.h \
    %D%/certificate.c %D%/certificate.h \
    %D%/event.h %D%/group.h \
    %D%/operations.def %D%/person.h %D%/profile.h %D%/reasons.def %D%/request.h %D%/states.def \
    %D%/words.c %D%/words.h
