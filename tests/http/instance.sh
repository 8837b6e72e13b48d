#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by CertMgr::Test::instance: an instance as ./quickstart makes it, on a free port, in a folder
# that goes when the tests end. CERTMGR_DATABASE=pgsql: on a PostgreSQL of its own.
set -eu
folder=$(mktemp -d /tmp/certmgr-instance-XXXXXX)
chmod 755 "$folder"
CERTMGR_BUILD=$CERTMGR_TEST_BUILD
CERTMGR_PORT=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
CERTMGR_PRELOAD=${HTTP_PRELOAD:-}
export CERTMGR_BUILD CERTMGR_PORT CERTMGR_PRELOAD
"$CERTMGR_TEST_TOP/tools/instance" make "$folder/demo"
"$CERTMGR_TEST_TOP/tools/instance" start "$folder/demo"
. "$folder/demo/env"
CERTMGR_FOLDER=$folder
CERTMGR_ERROR_LOG=$folder/demo/log/error.log
