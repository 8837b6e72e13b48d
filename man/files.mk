# SPDX-License-Identifier: Apache-2.0
# Commands, directives, problems, and the fields and rules of profiles are written by certmgrctl from the tables that it runs on.
man1_MANS = %D%/certmgrctl.1
man5_MANS = %D%/mod_certmgr.5 %D%/certmgr-profile.5
EXTRA_DIST += %D%/certmgrctl.1.in %D%/mod_certmgr.5.in %D%/certmgr-profile.5.in
CLEANFILES += %D%/certmgrctl.1 %D%/mod_certmgr.5 %D%/certmgr-profile.5 %D%/commands.part \
    %D%/directives.part %D%/problems.part %D%/profile.part %D%/rules.part

MANUAL = $(AM_V_GEN)$(MKDIR_P) $(@D) && sed \
    -e 's|[@]VERSION@|$(PACKAGE_VERSION)|' \
    -e 's|@HTTPD_CONF@|$(HTTPD_CONFDIR)/apache2.conf|' \
    -e 's|@MODULEDIR@|$(HTTPD_MODULEDIR)|' \
    -e 's|@PROFILES@|$(pkgdatadir)/profiles|'

%D%/commands.part %D%/directives.part %D%/problems.part %D%/profile.part %D%/rules.part: certmgrctl$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && ./certmgrctl manual `basename $@ .part` >$@

%D%/certmgrctl.1: %D%/certmgrctl.1.in %D%/commands.part Makefile
	$(MANUAL) -e '/^@COMMANDS@/r %D%/commands.part' -e '/^@COMMANDS@/d' \
	    $(srcdir)/%D%/certmgrctl.1.in >$@

%D%/mod_certmgr.5: %D%/mod_certmgr.5.in %D%/directives.part %D%/problems.part Makefile
	$(MANUAL) -e '/^@DIRECTIVES@/r %D%/directives.part' -e '/^@DIRECTIVES@/d' \
	    -e '/^@PROBLEMS@/r %D%/problems.part' -e '/^@PROBLEMS@/d' \
	    $(srcdir)/%D%/mod_certmgr.5.in >$@

%D%/certmgr-profile.5: %D%/certmgr-profile.5.in %D%/profile.part %D%/rules.part Makefile
	$(MANUAL) -e '/^@FIELDS@/r %D%/profile.part' -e '/^@FIELDS@/d' \
	    -e '/^@RULES@/r %D%/rules.part' -e '/^@RULES@/d' \
	    $(srcdir)/%D%/certmgr-profile.5.in >$@
