#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by CertMgr::Test::instance: an instance as ./quickstart makes it, on a free port, in
# CERTMGR_TEST_FOLDER. CERTMGR_DATABASE=pgsql: on a PostgreSQL of its own.
set -eu
folder=$CERTMGR_TEST_FOLDER
CERTMGR_BUILD=$CERTMGR_TEST_BUILD
CERTMGR_PORT=$("$CERTMGR_TEST_TOP/tests/http/free-port")
CERTMGR_PRELOAD=${HTTP_PRELOAD:-}
CERTMGR_DRIVER=${CERTMGR_DATABASE:-sqlite3}
export CERTMGR_BUILD CERTMGR_PORT CERTMGR_PRELOAD CERTMGR_DRIVER
"$CERTMGR_TEST_TOP/tools/instance" make "$folder/demo"
"$CERTMGR_TEST_TOP/tools/instance" start "$folder/demo"
. "$folder/demo/env"
CERTMGR_FOLDER=$folder
CERTMGR_ERROR_LOG=$folder/demo/log/error.log
