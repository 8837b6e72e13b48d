# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/address.c %D%/address.h \
    %D%/config.c %D%/config.h %D%/settings.def \
    %D%/evaluate.c %D%/evaluate.h \
    %D%/identity.c %D%/identity.h %D%/permissions.def %D%/roles.def \
    %D%/lint.c %D%/lint_ext.c %D%/lint_policies.c %D%/lint_profile.c %D%/lint.h \
    %D%/profile.c %D%/profile.h \
    %D%/profile_check.c %D%/profile_check.h %D%/profile_diff.c %D%/profile_diff.h \
    %D%/profile_fields.c %D%/profile_fields.h %D%/profile_record.c %D%/profile_schema.c \
    %D%/weakkey.c %D%/weakkey.h
