# upsert: PGXS build.  `./dev` drives it; by hand: make && make install && make installcheck
# Elsewhere than here: make -f /path/to/Makefile.  `make dist` makes the archive.
#
# The install script lives in sql/ beside the regress inputs (pg_regress looks
# for ./sql and ./expected) and is told apart by its "--".

EXTENSION    = upsert
MODULE_big   = upsert
here        := $(if $(VPATH),$(VPATH),$(dir $(firstword $(MAKEFILE_LIST))))
DATA         = $(patsubst $(here)/%,%,$(wildcard $(here)/sql/upsert--*.sql)) $(wildcard upsert_contexts.sql)
PGFILEDESC   = "upsert - create it, or update it if it is there"

# every file of src/; the grammar and the scanner are made by the build
SOURCES      = $(filter-out src/expr/gram.c src/expr/scan.c,$(sort \
	$(patsubst $(here)/%,%,$(wildcard $(addprefix $(here)/,src/*.c src/*/*.c src/*/*/*.c)))))
OBJS         = $(SOURCES:.c=.o) src/expr/gram.o src/expr/scan.o

# in the order of the layers; every name is sql/NAME.sql and expected/NAME.out
REGRESS      = init arguments
REGRESS     += merge patch diff laws
REGRESS     += tid cbor cid at_syntax at_uri mst lexicon
REGRESS     += record record_swap record_scripts at_block at_repo at_events at_read
REGRESS     += collection distributed guard document document_verbs document_by remember options condition batch batch_errors triggers fallback store_keys dry_run ddl
REGRESS     += folding folding_objects folding_loops walk
REGRESS     += pending
REGRESS     += object object_criteria object_key object_whole object_types object_merge object_unchanged \
	object_privileges object_partition object_schema
REGRESS     += import view stats
REGRESS     += since_18
REGRESS     += lexis precedence expression docexpr value
REGRESS     += jsonld_nquads jsonld_rdf jsonld_quads jsonld_flatten jsonld_canonize jsonld_frame
REGRESS     += jsonld_iri jsonld_context jsonld_layers jsonld_parts jsonld_expand jsonld_compact jsonld_registry jsonld_errors jsonld_limits
REGRESS     += ledger ledger_terms ledger_log ledger_index ledger_whole ledger_lists ledger_dataset ledger_paths ledger_unique ledger_get ledger_page ledger_nulls ledger_history ledger_errors ledger_update ledger_expression ledger_where ledger_batch ledger_waits jsonld_upsert
REGRESS     += catalog_change
REGRESS     += func_type func_string func_number func_bit func_text func_array func_document func_date func_zone
REGRESS     += c8ql c8ql_page c8ql_language c8ql_window c8ql_traversal c8ql_push c8ql_options c8ql_option_table c8ql_errors upsert_by owners
# what everything must withstand
REGRESS     += privileges hostile_path reentry
REGRESS_OPTS = --load-extension=upsert

ISOLATION      = upsert_insert_race upsert_lost_update upsert_update_delete \
	upsert_specconflict upsert_rr upsert_serializable upsert_trigger \
	upsert_deadlock upsert_fk_keyshare upsert_noop upsert_dryrun upsert_unique \
	upsert_two_uniques
ISOLATION     += object_unique object_search object_levels object_moves object_without_overlaps
ISOLATION     += at_upsert_record at_save_all at_apply_events
ISOLATION     += ledger_update_levels ledger_deadlock ledger_pending
ISOLATION     += catalog_walk
ISOLATION     += jsonld_registry catalog_change exclusive_privilege
ISOLATION     += upsert_walk upsert_pending upsert_folding
ISOLATION     += stats_conflict c8ql_search_race c8ql_search_changed remember
ISOLATION_OPTS = --inputdir=test --load-extension=upsert

TAP_TESTS    = 1
PROVE_TESTS  = test/t/*.pl

PG_CPPFLAGS  = -Isrc -I$(srcdir)/src
EXTRA_CLEAN  = upsert_contexts.sql output_iso tmp_check $(OBJS:.o=.d)

PG_CONFIG   ?= pg_config
PGXS        := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# the folders of a build elsewhere
ifneq ($(abspath $(srcdir)),$(CURDIR))
$(shell mkdir -p $(sort $(dir $(OBJS))) upsert_lua)
endif

# headers of 15 declare functions without parameters, which C23 took away
ifeq ($(MAJORVERSION),15)
override CFLAGS += -std=gnu17
endif

# PostgreSQL binds all symbols of a module when it loads it, once in every
# backend.  So our own calls are bound when it is linked, and exported is what
# SQL names: a function, and what PG_FUNCTION_INFO_V1() says of it.
ifeq ($(PORTNAME),linux)
upsert.so: upsert.map
upsert.map: $(OBJS)
	{ echo '{ global: Pg_magic_func; _PG_init;'; \
	nm -g --defined-only $(OBJS) | sed -n 's/.* pg_finfo_\(.*\)/pg_finfo_\1; \1;/p'; \
	echo 'local: *; };'; } >$@
SHLIB_LINK += -Wl,-Bsymbolic-functions -Wl,--version-script=upsert.map
EXTRA_CLEAN += upsert.map
endif

# ./dev compiles with -MMD: a changed header rebuilds what includes it
-include $(wildcard $(OBJS:.o=.d))

# the grammar's header must be there before whoever includes it
src/expr/gram.c: BISONFLAGS += -d
src/expr/gram.h: src/expr/gram.c
	touch $@
src/expr/scan.o src/expr/gram.o src/expr/parse.o: src/expr/gram.h

# bison counts errors that nobody asks for; gcc 16 says so
src/expr/gram.o: CFLAGS += -Wno-unused-but-set-variable

# The script of well-known JSON-LD contexts, out of npm packages; `make install`
# puts it into share/extension once it is there.  CONTEXTS: more lists of sources.
CONTEXTS    ?=
.PHONY: contexts
contexts: upsert_contexts.sql
upsert_contexts.sql: tools/contexts/make.cjs tools/contexts/sources.tsv $(CONTEXTS)
	node $^ >$@.new
	mv $@.new $@

# The companion upsert_lua, where there is the header of Lua 5.4; the rest does
# without.  LUA_CFLAGS and LUA_LIBS: where Lua is.
LUA_CFLAGS  ?= $(shell pkg-config --cflags lua5.4 2>/dev/null || echo -I/usr/include/lua5.4)
HAVE_LUA    := $(shell printf '\043include <lua.h>\n\043if LUA_VERSION_NUM != 504\n\043error\n\043endif\n' | $(CC) $(LUA_CFLAGS) -E -x c - >/dev/null 2>&1 && echo yes)
.PHONY: all-lua install-lua uninstall-lua clean-lua without-lua
ifeq ($(HAVE_LUA),yes)
all: all-lua
install: install-lua
uninstall: uninstall-lua
else
all: without-lua
endif
clean: clean-lua
all-lua install-lua uninstall-lua clean-lua: %-lua:
	$(MAKE) -C upsert_lua -f $(abspath $(srcdir))/upsert_lua/Makefile $(if $(VPATH),VPATH=$(abspath $(srcdir))/upsert_lua) $*
without-lua:
	@echo 'upsert_lua (record scripts) is not built: no lua.h of Lua 5.4 was found (Debian: liblua5.4-dev)'

# What bison and flex make stays after `make clean`: an archive has it, so that
# who builds from one needs neither.
.PHONY: dist maintainer-clean
maintainer-clean: clean
	rm -f src/expr/gram.c src/expr/gram.h src/expr/scan.c

# The archive for PGXN: what git has, and what bison and flex have made.  The
# version stands in META.json alone.
DISTVERSION := $(shell sed -n '/"version"/{s/.*: "\(.*\)".*/\1/p;q}' $(here)/META.json)
DISTNAME    := upsert-$(DISTVERSION)
MADE         = src/expr/gram.c src/expr/gram.h src/expr/scan.c
dist: $(MADE)
	git archive --format=zip --prefix=$(DISTNAME)/ -o $(CURDIR)/$(DISTNAME).zip HEAD
	rm -rf $(DISTNAME) && mkdir -p $(DISTNAME)/src/expr && cp $(MADE) $(DISTNAME)/src/expr/
	zip -qr $(DISTNAME).zip $(DISTNAME) && rm -rf $(DISTNAME)
