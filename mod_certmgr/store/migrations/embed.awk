# SPDX-License-Identifier: Apache-2.0
# Turns migrations into a C header: one array of characters per file, named after it.
FNR == 1 {
    if (NR > 1) print "    ;"
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.sql$/, "", name)
    print "static const char migration_" name "[] ="
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    print "    \"" $0 "\\n\""
}
END { print "    ;" }
