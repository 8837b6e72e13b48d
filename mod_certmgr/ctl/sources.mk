# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/config_file.c %D%/config_file.h %D%/config_line.c %D%/config_line.h
