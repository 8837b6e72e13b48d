#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the sample requests anew: what openssl, certtool and keytool write, and OCSP requests of
# openssl and ocsptool. The keys are thrown away. Needs openssl, gnutls-bin and a JRE's keytool.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p csr ocsp
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# --- requests -------------------------------------------------------------------------------------
key() { # NAME OPTIONS...
    name=$1
    shift
    openssl genpkey -quiet -out "$tmp/$name.key" "$@"
}
request() { # FILE KEY OPTIONS...
    file=$1 with=$2
    shift 2
    openssl req -new -key "$tmp/$with.key" -outform DER -out "csr/$file.der" "$@"
}
for curve in P-256 P-384 P-521; do
    key "$curve" -algorithm EC -pkeyopt "ec_paramgen_curve:$curve"
done
key k1 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
key explicit -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit
key ed25519 -algorithm ED25519
key pss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
for bits in 1024 2047 2048 3072; do
    key "rsa-$bits" -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits"
done
key rsa-e3 -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3

subject="/C=DE/O=Example Org/OU=Unit/CN=jane.example.test"
san="subjectAltName=DNS:www.example.test,email:jane@example.test,IP:192.0.2.1,IP:2001:db8::1,URI:https://example.test/x"
request p256 P-256 -subj "$subject" -addext "$san" -addext "keyUsage=digitalSignature" \
    -addext "extendedKeyUsage=clientAuth,emailProtection" -addext "basicConstraints=CA:FALSE"
request p384 P-384 -subj "$subject" -sha384
request p521 P-521 -subj "$subject" -sha512
request rsa2048 rsa-2048 -subj "$subject" -addext "$san"
request rsa3072 rsa-3072 -subj "$subject" -sha512
request empty-subject P-256 -subj "/"
request utf8 P-256 -utf8 -subj "/CN=Zoë Ω, \"X\" <y>#1\\+/O=#Straße"
request multi-rdn P-256 -multivalue-rdn -subj "/O=Example/CN=jane+UID=4711"
request ca P-256 -subj "$subject" -addext "basicConstraints=critical,CA:TRUE,pathlen:0"
request sha1 P-256 -subj "$subject" -sha1
request md5 rsa-2048 -subj "$subject" -md5
request pss-signature rsa-2048 -subj "$subject" -sigopt rsa_padding_mode:pss
request secp256k1 k1 -subj "$subject"
request explicit-curve explicit -subj "$subject"
request ed25519 ed25519 -subj "$subject"
request rsa-pss pss -subj "$subject"
request rsa1024 rsa-1024 -subj "$subject"
request rsa2047 rsa-2047 -subj "$subject"
request rsa-e3 rsa-e3 -subj "$subject"
request wildcard P-256 -subj "/CN=w" -addext "subjectAltName=DNS:*.example.test"
request bad-dns P-256 -subj "/CN=w" -addext "subjectAltName=DNS:-bad.example.test"
request upn P-256 -subj "/CN=w" \
    -addext "subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:jane@example.test,dirName:dn" \
    -config /dev/stdin <<'C'
[req]
distinguished_name = d
[d]
[dn]
CN = somebody
C
cat > "$tmp/challenge.conf" <<'C'
[req]
prompt = no
distinguished_name = dn
attributes = a
req_extensions = e
[dn]
CN = challenged
[a]
challengePassword = open sesame
unstructuredName = something
[e]
subjectAltName = email:jane@example.test
C
request challenge P-256 -config "$tmp/challenge.conf"
openssl ec -in "$tmp/P-256.key" -conv_form compressed -out "$tmp/compressed.key" 2>/dev/null
request compressed compressed -subj "$subject"

cat > "$tmp/certtool.cfg" <<'C'
organization = "Example Org"
cn = "jane.example.test"
email = "jane@example.test"
dns_name = "www.example.test"
ip_address = "192.0.2.1"
challenge_password = open sesame
signing_key
tls_www_client
C
certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile "$tmp/g-ec.key" 2>/dev/null
certtool --generate-privkey --key-type rsa --bits 2048 --outfile "$tmp/g-rsa.key" 2>/dev/null
certtool --generate-request --template "$tmp/certtool.cfg" --load-privkey "$tmp/g-ec.key" \
    --outfile csr/certtool-ec.pem 2>/dev/null
certtool --generate-request --template "$tmp/certtool.cfg" --load-privkey "$tmp/g-rsa.key" \
    --outder --outfile csr/certtool-rsa.der 2>/dev/null

for kind in EC RSA; do
    store="$tmp/$kind.p12"
    keytool -genkeypair -alias a -keyalg $kind -dname "CN=Jane, O=Example Org, C=DE" \
        -keystore "$store" -storepass changeit -storetype PKCS12 2>/dev/null
    keytool -certreq -alias a -keystore "$store" -storepass changeit \
        -ext "san=dns:www.example.test,email:jane@example.test" -ext "ku=digitalSignature" \
        -file "csr/keytool-$kind.pem" 2>/dev/null
done

# --- OCSP requests --------------------------------------------------------------------------------
openssl req -x509 -key "$tmp/P-256.key" -subj "/CN=Issuer" -days 3650 -out "$tmp/ca.pem" \
    -set_serial 1
certificate() { # SERIAL
    openssl req -new -key "$tmp/P-384.key" -subj "/CN=leaf $1" |
        openssl x509 -req -CA "$tmp/ca.pem" -CAkey "$tmp/P-256.key" -set_serial "$1" -days 3650 \
            -out "$tmp/leaf-$1.pem" 2>/dev/null
}
certificate 0x1234
certificate 0xff00000000000000000000000000000001
ocsp() { # FILE OPTIONS...
    file=$1
    shift
    openssl ocsp -issuer "$tmp/ca.pem" "$@" -reqout "ocsp/$file.der" >/dev/null 2>&1 || true
    test -s "ocsp/$file.der"
}
openssl x509 -in "$tmp/ca.pem" -outform DER -out ocsp/issuer.der
ocsp plain -no_nonce -cert "$tmp/leaf-0x1234.pem"
ocsp nonce -cert "$tmp/leaf-0x1234.pem"
ocsp sha256 -sha256 -cert "$tmp/leaf-0x1234.pem"
ocsp sha512 -sha512 -cert "$tmp/leaf-0x1234.pem"
ocsp several -cert "$tmp/leaf-0x1234.pem" -sha256 \
    -cert "$tmp/leaf-0xff00000000000000000000000000000001.pem" -serial 7
ocsp signed -cert "$tmp/leaf-0x1234.pem" -signer "$tmp/ca.pem" -signkey "$tmp/P-256.key"
ocsptool --generate-request --load-issuer "$tmp/ca.pem" --load-cert "$tmp/leaf-0x1234.pem" \
    --outfile ocsp/ocsptool.der 2>/dev/null
ocsptool --generate-request --no-nonce --load-issuer "$tmp/ca.pem" \
    --load-cert "$tmp/leaf-0x1234.pem" --outfile ocsp/ocsptool-plain.der 2>/dev/null ||
    rm -f ocsp/ocsptool-plain.der
chmod 644 csr/* ocsp/*
