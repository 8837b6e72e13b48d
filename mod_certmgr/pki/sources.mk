# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/cert.h %D%/crl.h %D%/csr.h %D%/der.h %D%/ext.h %D%/name.h %D%/ocsp.h %D%/pem.h \
    %D%/pubkey.h %D%/reason.h %D%/san.h %D%/sigalg.h
