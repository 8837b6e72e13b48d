# SPDX-License-Identifier: Apache-2.0
# Each tests/fuzz/NAME_fuzz.c is a target, with seeds in tests/fuzz/corpus/NAME/: nothing to list
# here. Built in two ways: fuzz-NAME with libFuzzer (in build/fuzz, configured by `make fuzz`),
# replay-NAME with any compiler and replay.c, which runs each file of the corpus once.
FUZZ_TOP = $(srcdir)/tests/fuzz
FUZZ_TARGETS = $(patsubst $(FUZZ_TOP)/%_fuzz.c,%,$(wildcard $(FUZZ_TOP)/*_fuzz.c))
# planted has an overread on purpose: only the self-test runs it.
FUZZ_REAL = $(filter-out planted,$(FUZZ_TARGETS))
FUZZ_SECONDS = 60
FUZZ_COMPILE = $(COMPILE) -I$(srcdir)/tests -c
FUZZ_LINK = $(LIBTOOL) $(AM_V_lt) --tag=CC --mode=link $(CC) $(AM_CFLAGS) $(CFLAGS) $(LDFLAGS)

tests/fuzz/%.o: $(FUZZ_TOP)/%.c
	@$(MKDIR_P) tests/fuzz
	$(AM_V_CC)$(FUZZ_COMPILE) -o $@ $<

fuzz-%: tests/fuzz/%_fuzz.o libcertmgr.la
	$(AM_V_CCLD)$(FUZZ_LINK) -fsanitize=fuzzer -o $@ $< libcertmgr.la $(CORE_LIBS)

replay-%: tests/fuzz/%_fuzz.o tests/fuzz/replay.o libcertmgr.la
	$(AM_V_CCLD)$(FUZZ_LINK) -o $@ $< tests/fuzz/replay.o libcertmgr.la $(CORE_LIBS)

.PRECIOUS: tests/fuzz/%.o

programs-replay: $(FUZZ_REAL:%=replay-%)

programs-fuzz: $(FUZZ_TARGETS:%=fuzz-%)

# The folder is made once; new inputs that libFuzzer finds stay in build/fuzz/found/NAME.
build-fuzz:
	$(SHELL) $(srcdir)/tests/variant fuzz programs-fuzz

fuzz: build-fuzz
	@for name in $(FUZZ_REAL); do \
	    echo "fuzz $$name: $(FUZZ_SECONDS) s"; \
	    $(SHELL) $(FUZZ_TOP)/hunt $(abs_builddir)/fuzz $$name $(FUZZ_SECONDS) || exit 1; \
	done

planted: build-fuzz
	$(SHELL) $(FUZZ_TOP)/planted $(abs_builddir)/fuzz

.PHONY: programs-replay programs-fuzz build-fuzz fuzz planted

EXTRA_DIST += tests/fuzz

# Expressions of httpd in httpd: a module of its own around httpd/claims.c, and what drives it.
tests/fuzz/httpd/expressions.lo: $(FUZZ_TOP)/httpd/expressions.c
	@$(MKDIR_P) tests/fuzz/httpd
	$(AM_V_CC)$(LIBTOOL) $(AM_V_lt) --tag=CC --mode=compile $(COMPILE) $(HTTPD_CPPFLAGS) -c -o $@ $<

mod_fuzz_expressions.la: tests/fuzz/httpd/expressions.lo mod_certmgr/httpd/la-claims.lo libcertmgr.la
	$(AM_V_CCLD)$(FUZZ_LINK) -module -avoid-version -rpath /nowhere -o $@ $^ $(CORE_LIBS)

FUZZ_EXPRESSIONS = 20000
fuzz-expressions: mod_fuzz_expressions.la
	@$(PERL) $(FUZZ_TOP)/expressions $(abs_builddir) $(HTTPD_PROGRAM) $(FUZZ_EXPRESSIONS)

.PHONY: fuzz-expressions
