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

# one line a room, lowest layer first
OBJS  = src/upsert.o
OBJS += src/jsonb/build.o src/jsonb/merge.o src/jsonb/attribute.o src/jsonb/string.o src/jsonb/path.o src/jsonb/tree.o \
	src/jsonb/patch.o src/jsonb/diff.o
OBJS += src/base/spivalue.o src/base/ddl.o src/base/tid.o src/base/digest.o src/base/schema.o src/base/owner.o
OBJS += src/atproto/base32.o src/atproto/cid.o src/atproto/path.o src/atproto/datamodel.o src/atproto/cbor.o src/atproto/cbor_read.o src/atproto/cbor_decode.o
OBJS += src/atproto/syntax.o src/atproto/syntax_datetime.o src/atproto/syntax_language.o src/atproto/syntax_uri.o src/atproto/mst.o src/atproto/car.o src/atproto/repo.o
OBJS += src/atproto/grapheme.o src/atproto/lexicon.o src/atproto/lexicon_schema.o src/atproto/lexicon_registry.o
OBJS += src/atproto/record_ready.o src/atproto/record_store.o src/atproto/record_create.o src/atproto/refs.o src/atproto/mirror.o src/atproto/import.o src/atproto/event_parse.o src/atproto/event.o src/atproto/event_sql.o src/atproto/record.o src/atproto/record_sql.o src/atproto/record_read.o src/atproto/companion.o
OBJS += src/jsonld/value.o src/jsonld/value_jsonb.o src/jsonld/error.o src/jsonld/processor.o src/jsonld/iri.o \
	src/jsonld/termtable.o src/jsonld/term.o src/jsonld/context.o src/jsonld/cache.o src/jsonld/remote.o \
	src/jsonld/registry.o src/jsonld/expand.o src/jsonld/expandkeyword.o src/jsonld/expandmap.o \
	src/jsonld/inverse.o src/jsonld/compact.o src/jsonld/parts.o
OBJS += src/jsonld/nodemap.o src/jsonld/flatten.o src/jsonld/rdf.o src/jsonld/nquads.o \
	src/jsonld/jcs.o src/jsonld/tordf.o src/jsonld/fromrdf.o \
	src/jsonld/ndegree.o src/jsonld/canonize.o \
	src/jsonld/framematch.o src/jsonld/frame.o
OBJS += src/catalog/memo.o src/catalog/collection.o src/catalog/guard.o src/catalog/distributed.o src/catalog/docpath.o src/catalog/uniquekey.o src/catalog/node.o
OBJS += src/store/store.o src/store/direct.o src/store/form.o src/store/find.o src/store/pending.o src/store/plain.o src/store/candidate.o src/store/preview.o src/store/bound.o src/store/virtual.o src/store/probe.o src/store/walk.o src/store/spi.o src/store/keysql.o src/store/group.o \
	src/store/searchlock.o src/store/statement.o src/store/keynote.o src/store/local.o src/store/level.o src/store/folding.o src/store/count.o src/store/tally.o
OBJS += src/call/alone.o src/call/argument.o src/call/excerpt.o src/call/options.o src/call/outcome.o src/call/answer.o \
	src/call/condition.o src/call/batch.o src/call/remember.o src/call/querysort.o
OBJS += src/document/create.o src/document/document.o src/document/request.o src/document/by.o \
	src/document/documents.o src/document/route.o src/document/from.o src/document/import.o src/document/view.o src/document/fetch.o src/document/verbs.o src/document/advice.o src/document/sql.o
OBJS += src/stats/stats.o
OBJS += src/object/table.o src/object/criteria.o src/object/merge.o src/object/object.o \
	src/object/request.o src/object/any.o src/object/objects.o src/object/schema.o
OBJS += src/ledger/name.o src/ledger/term.o src/ledger/naming.o src/ledger/flat.o src/ledger/payload.o src/ledger/node.o src/ledger/stored.o src/ledger/ledger.o src/ledger/log.o src/ledger/transaction.o \
	src/ledger/commit.o src/ledger/history.o src/ledger/envelope.o src/ledger/create.o src/ledger/keys.o src/ledger/unique.o src/ledger/admin.o src/ledger/exchange.o src/ledger/get.o src/ledger/where/where.o src/ledger/where/pattern.o src/ledger/where/query.o src/ledger/where/dataset.o src/ledger/where/path.o src/ledger/where/expr.o \
	src/ledger/update.o src/ledger/jsonld_upsert.o
OBJS += src/expr/value.o src/expr/value_cast.o src/expr/value_build.o src/expr/date.o src/expr/zone.o
OBJS += src/expr/func.o src/expr/func_util.o src/expr/func_aggregate.o src/expr/func_array.o src/expr/func_date.o src/expr/func_zone.o src/expr/func_digest.o
OBJS += src/expr/func_element.o src/expr/func_document.o src/expr/func_number.o src/expr/func_bit.o src/expr/func_pattern.o src/expr/func_string.o src/expr/func_system.o src/expr/func_text.o src/expr/func_type.o
OBJS += src/expr/error.o src/expr/scan.o src/expr/gram.o src/expr/parse.o src/expr/node.o src/expr/deparse.o \
	src/expr/docexpr.o src/expr/compile.o src/expr/eval.o
OBJS += src/c8ql/planner.o src/c8ql/plan.o src/c8ql/run.o src/c8ql/steps.o src/c8ql/rows.o src/c8ql/aggregate.o src/c8ql/collect.o src/c8ql/window.o src/c8ql/traverse.o \
	src/c8ql/read.o src/c8ql/handle.o src/c8ql/push.o src/c8ql/search.o src/c8ql/operation.o src/c8ql/modify.o \
	src/c8ql/execute.o src/c8ql/sql.o

# in the order of the layers; every name is sql/NAME.sql and expected/NAME.out
REGRESS      = init arguments
REGRESS     += merge patch diff laws
REGRESS     += tid cbor cid at_syntax at_uri mst lexicon
REGRESS     += record record_swap record_scripts at_block at_repo at_events at_read
REGRESS     += collection distributed guard document document_verbs document_by remember options condition batch batch_errors triggers fallback store_keys dry_run ddl
REGRESS     += folding walk
REGRESS     += pending
REGRESS     += object object_criteria object_key object_whole object_types object_merge object_unchanged \
	object_privileges object_partition object_schema
REGRESS     += import view stats
REGRESS     += since_18
REGRESS     += lexis precedence expression docexpr value
REGRESS     += jsonld_nquads jsonld_rdf jsonld_quads jsonld_flatten jsonld_canonize jsonld_frame
REGRESS     += jsonld_iri jsonld_context jsonld_layers jsonld_parts jsonld_expand jsonld_compact jsonld_registry jsonld_errors jsonld_limits
REGRESS     += ledger ledger_terms ledger_log ledger_index ledger_whole ledger_lists ledger_dataset ledger_paths ledger_unique ledger_get ledger_page ledger_nulls ledger_history ledger_errors ledger_update ledger_expression ledger_where ledger_batch jsonld_upsert
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
ISOLATION     += at_upsert_record at_save_all
ISOLATION     += ledger_update_levels ledger_deadlock
ISOLATION     += catalog_walk
ISOLATION     += jsonld_registry catalog_change exclusive_privilege
ISOLATION     += upsert_walk upsert_pending
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
