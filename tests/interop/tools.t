#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The other implementations work and agree among themselves, so that what fails in the rest of this
# folder is ours.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1
count=0
check() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        sed 's/^/# /' log
    fi
}
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout openssl.key \
    -subj /CN=openssl -out openssl.csr >log 2>&1
check $? "openssl makes a CSR"
certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile gnutls.key >log 2>&1 &&
    printf 'cn = "gnutls"\n' >template &&
    certtool --generate-request --load-privkey gnutls.key --template template --outfile gnutls.csr \
        >>log 2>&1
check $? "certtool makes a CSR"
keytool -genkeypair -keystore java.p12 -storetype PKCS12 -storepass secret -alias a -keyalg EC \
    -groupname secp256r1 -dname CN=java >log 2>&1 &&
    keytool -certreq -keystore java.p12 -storepass secret -alias a -file java.csr >>log 2>&1
check $? "keytool makes a CSR"
for maker in openssl gnutls java; do
    openssl req -in "$maker.csr" -verify -noout >log 2>&1
    check $? "openssl verifies the CSR of $maker"
done
certtool --crq-info --infile openssl.csr >log 2>&1
check $? "certtool reads the CSR of openssl"
ocsptool --version >log 2>&1
check $? "ocsptool is there"
echo "1..$count"
