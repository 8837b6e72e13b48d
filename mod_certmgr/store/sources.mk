# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/approvals.c %D%/approvals.h \
    %D%/authorities.c %D%/authorities.h \
    %D%/batch.c %D%/batch.h \
    %D%/bounds.c \
    %D%/certificates.c %D%/certificates.h \
    %D%/crls.c %D%/crls.def %D%/crls.h \
    %D%/holders.c %D%/holders.h \
    %D%/groups.c %D%/groups.h \
    %D%/events.c %D%/events.h %D%/event_search.c \
    %D%/keys.c %D%/keys.h \
    %D%/leases.c %D%/leases.h \
    %D%/link.c %D%/link.h \
    %D%/people.c %D%/people.h \
    %D%/profiles.c %D%/profiles.h \
    %D%/read.c %D%/read.h \
    %D%/requests.c %D%/requests.h \
    %D%/retries.c %D%/retries.h \
    %D%/revocations.c \
    %D%/request_search.c \
    %D%/rows.c %D%/rows.h \
    %D%/schema.c %D%/schema.h \
    %D%/search.c %D%/search.h %D%/search_filter.c %D%/search_filter.h \
    %D%/search_index.c \
    %D%/source.c %D%/source.h \
    %D%/statement.c %D%/statement.h %D%/statements.def \
    %D%/strangers.c %D%/strangers.h \
    %D%/store.c %D%/store.h \
    %D%/turn.c %D%/turn.h \
    %D%/walk.c %D%/walk.h \
    %D%/work.h

# Migrations are compiled in, so that a program and its schema can't be of different versions.
store_migrations = %D%/migrations/0001_initial.sql %D%/migrations/0002_approvals.sql \
    %D%/migrations/0003_keys.sql %D%/migrations/0004_outside.sql \
    %D%/migrations/0005_groups.sql %D%/migrations/0006_request_life.sql \
    %D%/migrations/0007_audit.sql %D%/migrations/0008_authority_request.sql \
    %D%/migrations/0009_search.sql %D%/migrations/0010_asked_again.sql \
    %D%/migrations/0011_crl.sql %D%/migrations/0012_rules.sql
EXTRA_DIST += $(store_migrations) %D%/migrations/embed.awk
%D%/schema.lo: %D%/migrations_sql.h
CLEANFILES += %D%/migrations_sql.h
%D%/migrations_sql.h: $(store_migrations) %D%/migrations/embed.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cd $(srcdir) && \
	    $(AWK) -f %D%/migrations/embed.awk $(store_migrations) > $(abs_builddir)/$@.tmp && \
	    mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@
