# SPDX-License-Identifier: Apache-2.0
# What is preloaded by an httpd of the HTTP tests; -rpath makes libtool build a shared object.
EXTRA_LTLIBRARIES = full_disk.la
FAULTS = full_disk.la
full_disk_la_SOURCES = %D%/full_disk.c
full_disk_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
full_disk_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_builddir)
if HAVE_CHECK
FAULTS += faulty_pkcs11.la
endif
