# SPDX-License-Identifier: Apache-2.0
# The module: the only place with httpd's headers, which are not clean under our warnings.
modlibdir = $(HTTPD_MODULEDIR)
modlib_LTLIBRARIES = mod_certmgr.la
mod_certmgr_la_SOURCES = \
    %D%/module.h \
    %D%/authz.c %D%/call.c %D%/claims.c %D%/conftree.c %D%/database.c %D%/directives.c %D%/errors.c %D%/host.c \
    %D%/identity.c %D%/mod_certmgr.c %D%/service.c %D%/status.c %D%/watchdog.c
mod_certmgr_la_CPPFLAGS = $(AM_CPPFLAGS) $(HTTPD_CPPFLAGS)
mod_certmgr_la_LDFLAGS = -module -avoid-version -export-symbols-regex certmgr_module
mod_certmgr_la_LIBADD = libcertmgr.la

# Apache loads the .so; the .la beside it is for linking, which nobody does.
install-data-hook:
	rm -f '$(DESTDIR)$(modlibdir)/mod_certmgr.la'

uninstall-hook:
	rm -f '$(DESTDIR)$(modlibdir)/mod_certmgr.so'
