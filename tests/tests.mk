# SPDX-License-Identifier: Apache-2.0
# One Check program a layer; each folder lists its own files.
if HAVE_CHECK
include tests/unit/base/tests.mk
include tests/unit/pki/tests.mk
include tests/unit/keys/tests.mk
include tests/unit/policy/tests.mk
include tests/unit/random/tests.mk
include tests/unit/store/tests.mk
include tests/unit/flow/tests.mk
include tests/unit/proto/tests.mk
endif

include tests/bench/tests.mk
include tests/http/tests.mk

VARIANT = $(SHELL) $(srcdir)/tests/variant
TAP = $(PERL) $(srcdir)/tests/tap
PERL = perl

# The short run under the sanitizers: every parser, route and operation. Left out are tests of several
# servers, of kills and of faults at the start, which start httpd themselves.
SANITIZED_HTTP = $(patsubst %,t/api/%.t,approval audit authority authorization crl hostile keys lifecycle login \
    main ocsp openapi refused semantics status)

# Other ways to build and run the same tests, each in a folder of its own below this one.
analyze:
	$(VARIANT) analyze all

sanitize:
	@status=0; \
	$(VARIANT) sanitize all check-unit programs-replay || status=1; \
	$(TAP) `for p in sanitize/replay-*; do echo $$p,$(srcdir)/tests/fuzz/corpus/$${p#sanitize/replay-}; done` \
	    || status=1; \
	HTTP_DATABASES=sqlite3 HTTP_TESTS='$(SANITIZED_HTTP)' \
	    HTTP_PRELOAD=$$($(CC) -print-file-name=libasan.so) $(VARIANT) sanitize check-http || status=1; \
	exit $$status

coverage:
	@status=0; \
	$(VARIANT) coverage all check-unit || status=1; \
	HTTP_DATABASES=sqlite3 HTTP_COVERAGE=1 $(VARIANT) coverage check-http || status=1; \
	gcovr --gcov-ignore-parse-errors -r $(abs_top_srcdir) --filter '.*/mod_certmgr/' coverage || status=1; \
	exit $$status

# The unit tests, with the count that ./run-tests adds up.
check-programs: $(check_PROGRAMS)

check-unit: $(check_PROGRAMS)
	@top_srcdir='$(abs_top_srcdir)' $(SHELL) $(srcdir)/tests/unit/run $(UNIT_WRAPPER) $(check_PROGRAMS)

valgrind: $(check_PROGRAMS)
	@CK_FORK=no $(MAKE) check-unit UNIT_WRAPPER="--wrapper='$(LIBTOOL) --mode=execute valgrind -q --leak-check=full --error-exitcode=9'"

# The HTTP tests on each database, in copies of tests/http: Apache::Test writes into its folder.
check-http: all $(STREAM) $(FAULTS)
	@APXS='$(APXS)' HTTPD='$(HTTPD_PROGRAM)' $(SHELL) $(srcdir)/tests/http/each \
	    $(abs_top_srcdir) $(abs_builddir) $(HTTP_TESTS)

# Takes the handling of faults out, one after the other, and expects the named test to fail; MUTANTS
# chooses by name. A longer run, not part of ./run-tests.
mutants:
	@$(PERL) $(srcdir)/tests/mutants/run $(abs_builddir) $(MUTANTS)

# How fast it is, against others on this machine; no test, since times are those of the machine. All
# rounds of what BENCH names (tests/bench/run says what there is) go into bench/results.json.
BENCH =
BENCH_ROUNDS = 5
BENCH_SECONDS = 5
BENCH_ROWS = 1000000
BENCH_DATABASES = sqlite3 pgsql
bench: all
	@$(MAKE) $(BENCH_TOOLS)
	@BENCH_ROUNDS='$(BENCH_ROUNDS)' BENCH_SECONDS='$(BENCH_SECONDS)' BENCH_ROWS='$(BENCH_ROWS)' \
	    BENCH_DATABASES='$(BENCH_DATABASES)' \
	    $(PERL) $(abs_top_srcdir)/tests/bench/run $(abs_top_srcdir) $(abs_builddir) $(BENCH)

# Ten million certificates, on PostgreSQL.
bench-large:
	@$(MAKE) bench BENCH=scale BENCH_ROWS=10000000 BENCH_DATABASES=pgsql

# An instance under random load and random faults: nothing is lost or doubled, and processes do not grow.
# SOAK_SEED (which is printed) chooses the faults and operations.
SOAK_SECONDS = 3600
SOAK_DATABASE = pgsql
SOAK_CLIENTS = 6
SOAK_PAUSE = 20
SOAK_SEED =
soak: all
	@SOAK_SECONDS='$(SOAK_SECONDS)' SOAK_DATABASE='$(SOAK_DATABASE)' SOAK_CLIENTS='$(SOAK_CLIENTS)' \
	    SOAK_PAUSE='$(SOAK_PAUSE)' SOAK_SEED='$(SOAK_SEED)' \
	    $(PERL) $(abs_top_srcdir)/tests/soak/run $(abs_top_srcdir) $(abs_builddir)

checks:
	@cd $(abs_top_srcdir) && $(PERL) tests/tap tests/checks/*.t

format:
	cd $(abs_top_srcdir) && git ls-files '*.c' '*.h' | xargs clang-format -i

.PHONY: bench bench-large check-programs analyze sanitize coverage check-unit valgrind check-http checks format mutants soak

clean-local:
	rm -rf analyze sanitize coverage fuzz http mutants test-logs

EXTRA_DIST += tests/README.md tests/variant tests/tap tests/allowed-skips tests/unit/run \
    tests/contract.json tests/bench tests/checks tests/http tests/interop tests/docs tests/idp tests/mutants tests/package tests/soak debian-packages .clang-format .ci/run
