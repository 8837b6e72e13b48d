# SPDX-License-Identifier: Apache-2.0
# As Debian lays Apache out: mods-available/NAME.load and NAME.conf, taken into use by a2enmod.
modsavailabledir = $(HTTPD_CONFDIR)/mods-available
nodist_modsavailable_DATA = %D%/certmgr.load
profilesdir = $(pkgdatadir)/profiles
dist_profiles_DATA = %D%/profiles/intermediate-ca.json %D%/profiles/server.json \
    %D%/profiles/user.json
dist_pkgdata_DATA = %D%/certmgr.conf

# What the administrator has written is neither overwritten nor removed; the reference lies in pkgdatadir.
install-conf:
	@$(MKDIR_P) '$(DESTDIR)$(modsavailabledir)' && \
	if [ -e '$(DESTDIR)$(modsavailabledir)/certmgr.conf' ]; then \
	    echo 'kept: $(DESTDIR)$(modsavailabledir)/certmgr.conf'; \
	else \
	    $(INSTALL_DATA) $(srcdir)/%D%/certmgr.conf '$(DESTDIR)$(modsavailabledir)'; \
	fi

uninstall-conf:
	@if cmp -s $(srcdir)/%D%/certmgr.conf '$(DESTDIR)$(modsavailabledir)/certmgr.conf'; then \
	    rm -f '$(DESTDIR)$(modsavailabledir)/certmgr.conf'; \
	fi

install-data-local: install-conf
uninstall-local: uninstall-conf
.PHONY: install-conf uninstall-conf

EXTRA_DIST += %D%/certmgr.load.in tools/instance tools/packages
CLEANFILES += %D%/certmgr.load

%D%/certmgr.load: %D%/certmgr.load.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	sed 's|@moduledir@|$(HTTPD_MODULEDIR)|' $(srcdir)/%D%/certmgr.load.in >$@
