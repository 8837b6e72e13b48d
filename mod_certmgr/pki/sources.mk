# SPDX-License-Identifier: Apache-2.0
libcertmgr_la_SOURCES += \
    %D%/cert.c %D%/cert_write.c %D%/cert.h \
    %D%/clientcert.c %D%/clientcert.h \
    %D%/constraints.c %D%/constraints_write.c %D%/constraints.h \
    %D%/crl.c %D%/crl.h \
    %D%/csr.c %D%/csr_write.c %D%/csr.h \
    %D%/der.c %D%/der_write.c %D%/der.h \
    %D%/ext.c %D%/ext_build.c %D%/ext.h \
    %D%/name.c %D%/name.h %D%/name_text.c \
    %D%/ocsp.c %D%/ocsp_write.c %D%/ocsp.h \
    %D%/othername.c %D%/othername.h \
    %D%/path.c %D%/path.h \
    %D%/pem.c %D%/pem.h \
    %D%/policies.c %D%/policies.h \
    %D%/pubkey.c %D%/pubkey.h \
    %D%/reason.h \
    %D%/san.c %D%/san.h \
    %D%/sigalg.c %D%/sigalg.h
