# SPDX-License-Identifier: Apache-2.0
# As Debian lays Apache out: mods-available/NAME.load and NAME.conf, taken into use by a2enmod.
modsavailabledir = $(HTTPD_CONFDIR)/mods-available
dist_modsavailable_DATA = %D%/certmgr.conf
nodist_modsavailable_DATA = %D%/certmgr.load
profilesdir = $(pkgdatadir)/profiles
dist_profiles_DATA = %D%/profiles/intermediate-ca.json %D%/profiles/server.json \
    %D%/profiles/user.json
EXTRA_DIST += %D%/certmgr.load.in tools/instance
CLEANFILES += %D%/certmgr.load

%D%/certmgr.load: %D%/certmgr.load.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	sed 's|@moduledir@|$(HTTPD_MODULEDIR)|' $(srcdir)/%D%/certmgr.load.in >$@
