#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A PostgreSQL server of the tests' own, on a Unix socket only:
#   postgres.sh start      makes a cluster in a new folder, starts it, prints the folder
#   postgres.sh restart DIR   as after a crash: no goodbye to clients
#   postgres.sh stop DIR   stops it and removes the folder
# It refuses to run as root, so then it runs as the user postgres.
set -eu
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "PostgreSQL is not installed" >&2; exit 1; }

as_owner() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

control() {
    (cd / && as_owner "$bin/pg_ctl" -s -w -D "$1/data" -l "$1/log" "$2" ${3:-}) >/dev/null
}

case $1 in
start)
    dir=$(mktemp -d /tmp/certmgr-postgres-XXXXXX)
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    chmod 755 "$dir"
    (cd / && as_owner "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 -N \
        --locale=C.UTF-8) >"$dir.initdb" 2>&1 || { cat "$dir.initdb" >&2; exit 1; }
    rm -f "$dir.initdb"
    as_owner sh -c "cat >>'$dir/data/postgresql.conf'" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
fsync = off
shared_buffers = 16MB
deadlock_timeout = 50ms
max_connections = 40
CONF
    control "$dir" start
    echo "$dir"
    ;;
restart)
    control "$2" restart "-m immediate"
    ;;
stop)
    control "$2" stop "-m immediate" || true
    rm -rf "$2"
    ;;
*)
    exit 2
    ;;
esac
