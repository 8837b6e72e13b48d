# SPDX-License-Identifier: Apache-2.0
# config_file.c reads httpd's configuration without httpd; it is in the library for its unit tests.
libcertmgr_la_SOURCES += \
    %D%/config_file.c %D%/config_file.h %D%/config_line.c %D%/config_line.h

bin_PROGRAMS += certmgrctl
certmgrctl_SOURCES = \
    %D%/audit.c %D%/events.c \
    %D%/authorities.c \
    %D%/certificates.c \
    %D%/ceremony.c %D%/ceremony.h \
    %D%/command.h %D%/commands.c \
    %D%/database.c \
    %D%/govern.c %D%/govern.h \
    %D%/groups.c \
    %D%/help.c \
    %D%/init.c \
    %D%/jobs.c \
    %D%/keys.c \
    %D%/main.c \
    %D%/manual.c \
    %D%/outside.c \
    %D%/output.c %D%/output.h \
    %D%/people.c \
    %D%/plan.c %D%/plan.h \
    %D%/profiles.c \
    %D%/requests.c \
    %D%/run.c \
    %D%/session.c \
    %D%/tables.c \
    %D%/tokens.c %D%/tokens.h
certmgrctl_CPPFLAGS = $(AM_CPPFLAGS) \
    -DCM_HTTPD_CONF='"$(HTTPD_CONFDIR)/apache2.conf"' \
    -DCM_PROFILES='"$(pkgdatadir)/profiles"'
certmgrctl_CFLAGS = $(AM_CFLAGS) $(LIBP11_CFLAGS)
certmgrctl_LDADD = libcertmgr.la $(LIBP11_LIBS) $(CORE_LIBS)
