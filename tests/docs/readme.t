#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kills: an example in the README that does not work. Each block marked ```sh is pasted into a shell of
# its own, in the order of the text, against a fresh instance made by ./quickstart.
top=$(cd "$(dirname "$0")/../.." && pwd)
room=$(mktemp -d /tmp/certmgr-readme-XXXXXX)
chmod 755 "$room"
export CERTMGR_DEMO=$room/demo
CERTMGR_PORT=$(perl -MIO::Socket::INET -e \
    'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
export CERTMGR_PORT

clean_up() {
    "$top/quickstart" stop >/dev/null 2>&1
    rm -rf "$room"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# The n-th block, with the instance of this test in place of demo/
block() {
    awk -v n="$1" '/^```sh$/ { on = ++count == n; next } /^```$/ { on = 0 } on' "$top/README.md" |
        sed "s|\\. demo/env|. $CERTMGR_DEMO/env|"
}

# NUMBER NAME LOG COMMAND...
result() {
    local number=$1 name=$2 log=$3
    shift 3
    if "$@" >"$log" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$log"
    fi
}

paste_block() { (cd "$room" && set -o pipefail && block "$1" | bash -eu -o pipefail); }

blocks=$(grep -c '^```sh$' "$top/README.md")
echo "1..$((blocks + 4))"
result 1 "quickstart" "$room/log" "$top/quickstart"
for n in $(seq "$blocks"); do
    result $((n + 1)) "block $n of the README" "$room/log" paste_block "$n"
done
result $((blocks + 2)) "quickstart a second time" "$room/log" "$top/quickstart"
result $((blocks + 3)) "quickstart status" "$room/log" "$top/quickstart" status
stopped() { "$top/quickstart" stop && { "$top/quickstart" status; [ $? = 3 ]; }; }
result $((blocks + 4)) "quickstart stop, then status 3" "$room/log" stopped
