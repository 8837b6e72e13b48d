# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/address.c %D%/address.h \
    %D%/config.c %D%/config.h %D%/settings.def \
    %D%/evaluate.c %D%/evaluate.h \
    %D%/identity.c %D%/identity.h %D%/permissions.def %D%/roles.def \
    %D%/profile.c %D%/profile.h \
    %D%/profile_fields.c %D%/profile_fields.h %D%/profile_record.c %D%/profile_schema.c
