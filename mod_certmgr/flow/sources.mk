# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/actions.def \
    %D%/act.c %D%/approval.c %D%/approval.h %D%/authority.c %D%/authority.h \
    %D%/audit.c %D%/audit.h %D%/audit_read.c %D%/audit_read.h %D%/audit_verify.c \
    %D%/change.c %D%/change.h \
    %D%/change_authorities.c %D%/change_crl.c %D%/change_groups.c %D%/change_outside.c \
    %D%/change_people.c %D%/change_profile.c \
    %D%/certificates.c %D%/certificates.h \
    %D%/crl.c %D%/crl.h %D%/crl_file.c %D%/crl_file.h \
    %D%/enroll.c \
    %D%/govern.c %D%/govern.h \
    %D%/groups.c %D%/groups.h \
    %D%/entitle.c %D%/entitle.h \
    %D%/expire.c %D%/expire.h \
    %D%/headfile.c %D%/headfile.h \
    %D%/health.c %D%/health.h \
    %D%/items.c %D%/items.h \
    %D%/jobs.c %D%/jobs.h \
    %D%/keycheck.c %D%/keycheck.h \
    %D%/lifecycle.c %D%/lifecycle.h \
    %D%/lineage.c %D%/lineage.h \
    %D%/login.c \
    %D%/merkle.c %D%/merkle.h \
    %D%/ocsp.c %D%/ocsp.h %D%/ocsp_ready.c \
    %D%/operations.c %D%/operations.h \
    %D%/outside.c %D%/outside.h \
    %D%/people.c %D%/people.h \
    %D%/perform.c %D%/perform.h \
    %D%/profiles.c %D%/profiles.h \
    %D%/ready.c %D%/ready.h %D%/ready_place.c %D%/ready_place.h \
    %D%/reinstate.c %D%/rekey.c %D%/renew.c \
    %D%/requests.c %D%/requests.h \
    %D%/rules.c %D%/rules.h \
    %D%/retry.c %D%/retry.h \
    %D%/revoke.c \
    %D%/search.c %D%/search.h %D%/search_words.c \
    %D%/setup.c %D%/setup.h \
    %D%/server.c %D%/server.h \
    %D%/sign.c %D%/sign.h \
    %D%/strangers.c %D%/strangers.h \
    %D%/successor.c %D%/suspend.c \
    %D%/target.c %D%/target.h \
    %D%/upkeep.c %D%/upkeep.h \
    %D%/visible.c %D%/visible.h \
    %D%/work.c %D%/work.h
