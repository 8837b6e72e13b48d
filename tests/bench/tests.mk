# SPDX-License-Identifier: Apache-2.0
# Programs of the benchmark. Most are built only where libcurl, libpq and SQLite are there.
BENCH_PARTS = %D%/bench.c %D%/bench.h
EXTRA_PROGRAMS += bench-search
bench_search_SOURCES = %D%/search.c
bench_search_LDADD = libcertmgr.la $(CORE_LIBS)
if HAVE_BENCH
STREAM = bench-load
BENCH_TOOLS = bench-search bench-load bench-csrs bench-crypto bench-crl-peer bench-rows bench-seed
EXTRA_PROGRAMS += bench-load bench-csrs bench-crypto bench-crl-peer bench-rows bench-seed
bench_load_SOURCES = %D%/load.c $(BENCH_PARTS)
bench_load_CFLAGS = $(AM_CFLAGS) $(BENCH_CFLAGS)
bench_load_LDADD = $(BENCH_LIBS)
bench_csrs_SOURCES = %D%/csrs.c $(BENCH_PARTS)
bench_csrs_LDADD = $(CORE_LIBS)
bench_crypto_SOURCES = %D%/crypto.c $(BENCH_PARTS)
bench_crypto_LDADD = libcertmgr.la $(CORE_LIBS)
bench_crl_peer_SOURCES = %D%/crl_peer.c $(BENCH_PARTS)
bench_crl_peer_LDADD = $(CORE_LIBS)
bench_rows_SOURCES = %D%/rows.c %D%/rows.h %D%/rows_sqlite.c %D%/rows_pgsql.c $(BENCH_PARTS)
bench_rows_CFLAGS = $(AM_CFLAGS) $(BENCH_CFLAGS)
bench_rows_LDADD = $(BENCH_LIBS)
bench_seed_SOURCES = %D%/seed.c $(BENCH_PARTS)
bench_seed_LDADD = libcertmgr.la $(CORE_LIBS)
endif
