#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The ceremony: it asks, makes what is not there, and finishes what was cut; pkcs11-tool and openssl agree
# about what it made. And the instance of ./quickstart in a folder that the server's user can't enter.
top=$(cd "$(dirname "$0")/../.." && pwd)
room=$(mktemp -d /tmp/certmgr-init-XXXXXX)
folder=$room/closed/demo
CERTMGR_PORT=$(perl -MIO::Socket::INET -e \
    'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
export CERTMGR_PORT CERTMGR_DEMO=$folder

clean_up() {
    "$top/quickstart" reset --yes >/dev/null 2>&1
    rm -rf "$room"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

count=0
check() {
    count=$((count + 1))
    local name=$1
    shift
    if "$@" >"$room/log" 2>&1; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        sed 's/^/# /' "$room/log"
    fi
}

ends_with() {
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [ "$status" = "$wanted" ]
}

cd "$room" || exit 1
mkdir tokens
echo 123456 >pin
chmod 600 pin
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$room" >softhsm2.conf
softhsm=$(ls /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | head -n 1)
cat >httpd.conf <<END
DBDriver sqlite3
DBDParams $room/db
CertMgrURL https://localhost/certmgr
CertMgrToken main $softhsm "pkcs11:token=a%20token" file:$room/pin
CertMgrTokenEnvironment SOFTHSM2_CONF $room/softhsm2.conf
CertMgrAuditKey "pkcs11:token=a%20token;object=audit"
END
unset SOFTHSM2_CONF
ctl() { certmgrctl -f httpd.conf "$@"; }
init() { ctl init --profiles "$top/conf/profiles" "$@"; }

answer_no() { echo no | init; }
check "no is no" ends_with 1 answer_no
check "and nothing was written" test ! -e db -a -z "$(ls tokens)"
echo '{"authorities": [], "keys": [{"key": "pkcs11:token=a;object=b", "algorithm": "P-256", "use": "fly"}]}' >plan
check "a plan with a mistake is refused" ends_with 1 init --yes --plan plan
check "before anything is written" test ! -e db -a -z "$(ls tokens)"

# as if it had been cut between making the token and giving it its PIN
SOFTHSM2_CONF=$room/softhsm2.conf pkcs11-tool --module "$softhsm" --init-token --slot-index 0 \
    --label 'a token' --so-pin 87654321 >log 2>&1
echo 87654321 >so-pin
chmod 600 so-pin
check "a token without its PIN is finished" init --yes --so-pin "file:$room/so-pin" --organization 'A, "B"' --log one
check "a second ceremony" init --yes --log two
check "makes nothing" test "$(grep -c ': made$' two)" = 0
check "and records the same fingerprints" diff <(grep -E '^(key|certificate)' one) <(grep -E '^(key|certificate)' two)
check "no secret in the record" ends_with 1 grep -E '123456|87654321' one
objects() {
    SOFTHSM2_CONF=$room/softhsm2.conf pkcs11-tool --module "$softhsm" --token-label 'a token' \
        --login --pin 123456 -O --type privkey
}
check "pkcs11-tool sees five keys" test "$(objects 2>/dev/null | grep -c 'Private Key Object')" = 5
check "none of them extractable" test "$(objects 2>/dev/null | grep -c 'Access:.*never extractable')" = 5
fingerprint() { ctl ca show issuing --pem | openssl x509 -noout -fingerprint -sha256 | tr -d ':' | tr A-F a-f; }
check "the record names the certificate" grep -q "sha256 $(fingerprint | sed 's/.*=//')" one
organization() { ctl ca show root --pem | openssl x509 -noout -subject -nameopt sep_multiline,utf8 | grep 'O=A, "B"'; }
check "the organisation is escaped" organization
check "a record is never overwritten" ends_with 1 init --yes --log one

# a plan without the authority that most of the shipped profiles are for
sed -e "s|$room/db|$room/second.db|" -e 's/a%20token/second/' httpd.conf >second.conf
key=pkcs11:token=second
root='{"name": "root", "key": "'$key';object=root", "algorithm": "P-384", "subject": "CN=Second root",
    "validity": "3650d", "pathlen": 1}'
issuing='{"name": "issuing", "parent": "root", "key": "'$key';object=issuing", "algorithm": "P-384",
    "subject": "CN=Second", "validity": "3000d", "pathlen": 0, "ocsp_key": "'$key';object=ocsp"}'
echo "{\"authorities\": [$root]}" >plan
echo "{\"authorities\": [$root, $issuing]}" >larger
second() { certmgrctl -f second.conf "$@"; }
check "a plan of one authority" second init --yes --profiles "$top/conf/profiles" --plan plan --log three
left_out() { test "$(grep -c 'step profile \(user\|server\): left out, there is no authority issuing$' "$1")" = 2; }
check "profiles of others are left out, and it says so" left_out three
check "its own is stored" test "$(second --json profile list | jq -r '.items[].name')" = intermediate-ca
check "which can be run again" second init --yes --profiles "$top/conf/profiles" --plan plan --log four
check "with the authority" second init --yes --profiles "$top/conf/profiles" --plan larger --log five
check "come its profiles" test "$(second --json profile list | jq -r '.items[].name' | sort | tr '\n' ' ')" = "intermediate-ca server user "

mkdir -m 700 closed
check "quickstart in a closed folder" "$top/quickstart"
check "for one port only" ends_with 1 env CERTMGR_PORT=1 "$top/quickstart"
check "reset asks" ends_with 1 "$top/quickstart" reset
check "running" "$top/quickstart" status
killed() {
    # shellcheck disable=SC1091 # made above
    . "$folder/env" && pkill -KILL -P "$(cat "$CERTMGR_PID")" && kill -KILL "$(cat "$CERTMGR_PID")"
    "$top/quickstart"
}
check "after a kill" killed
check "reset" "$top/quickstart" reset --yes
check "leaves nothing" test ! -e "$folder" -a -z "$(ls closed)"
echo "1..$count"
