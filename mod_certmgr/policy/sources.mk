# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/config.c %D%/config.h %D%/settings.def \
    %D%/identity.c %D%/identity.h %D%/permissions.def %D%/roles.def
