#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kills: a file that git has and the tarball of `make dist` lacks (or no makefile lists), so that only
# clones build. A source file that nothing compiles is found as well.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
count=0
check() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}
[ -f configure ] || autoreconf -fi >"$work/log" 2>&1
mkdir "$work/build"
(cd "$work/build" && "$OLDPWD/configure" -q && make -s dist) >"$work/log" 2>&1
check $? "make dist"
sed 's/^/# /' "$work/log"
tar tzf "$work"/build/mod_certmgr-*.tar.gz 2>/dev/null | sed 's|^[^/]*/||; /\/$/d; /^$/d' | sort >"$work/dist"
git ls-files | grep -v '^\.git\|/\.gitkeep$' | sort >"$work/git"
missing=$([ ! -s "$work/dist" ] || comm -23 "$work/git" "$work/dist")
[ -s "$work/dist" ] && [ -z "$missing" ]
check $? "each file of git is in the tarball"
[ -z "$missing" ] || echo "$missing" | sed 's/^/# missing: /'
listed=0
for path in $(git ls-files 'mod_certmgr/*.[ch]' 'mod_certmgr/*.def'); do
    folder=$(echo "$path" | cut -d/ -f1,2)
    if ! grep -qF "%D%${path#"$folder"}" "$folder"/sources.mk; then
        listed=1
        echo "# $path is in no sources.mk"
    fi
done
check $listed "each source is listed in its folder's sources.mk"
listed=0
for path in $(git ls-files 'tests/unit/*.[ch]'); do
    if ! grep -qF "$(basename "$path")" "$(dirname "$path")"/tests.mk tests/unit/base/tests.mk 2>/dev/null; then
        listed=1
        echo "# $path is in no tests.mk"
    fi
done
check $listed "each unit test is listed in its folder's tests.mk"
echo "1..$count"
