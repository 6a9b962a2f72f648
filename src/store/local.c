/*
 * local.c
 *		Whether a table's rows are where the catalogs say.
 *
 * A distributed engine keeps an empty table in the place of one whose rows lie
 * elsewhere, and sends statements there by a planner hook.  Nothing in the
 * catalogs tells such a shell from a table; what tells is the plan:
 *
 *		UPDATE t SET a = a	-->		ModifyTable on t		ours to write
 *									anything else			SQL only
 *
 * The question is put once for each relation, and not at all where nobody has
 * hooked into the planner.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "nodes/plannodes.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rel.h"

#include "base/schema.h"
#include "catalog/memo.h"
#include "store/local.h"

typedef struct Locality
{
	Memo		memo;
	bool		local;
} Locality;

/* Is it the plan of an UPDATE of this relation by this server's executor? */
static bool
is_own_plan(const PlannedStmt *stmt, Oid relid)
{
	const ModifyTable *plan = (const ModifyTable *) stmt->planTree;

	return stmt->commandType == CMD_UPDATE && IsA(plan, ModifyTable) &&
		rt_fetch(plan->nominalRelation, stmt->rtable)->relid == relid;
}

/* An UPDATE that every table takes. */
static char *
harmless_update(Relation rel)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	const char *name = relation_quoted(RelationGetRelid(rel));
	const char *made = NULL;
	int			i;

	for (i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);
		const char *column = quote_identifier(NameStr(att->attname));

		if (att->attisdropped)
			continue;
		if (!att->attgenerated && att->attidentity != ATTRIBUTE_IDENTITY_ALWAYS)
			return psprintf("UPDATE %s SET %s = %s", name, column, column);
		made = column;
	}
	return made ? psprintf("UPDATE %s SET %s = DEFAULT", name, made) : NULL;
}

static void
ask_planner(Memo *memo, Relation rel)
{
	char	   *sql = harmless_update(rel);
	SPIPlanPtr	plan;
	CachedPlan *cached;

	((Locality *) memo)->local = true;
	if (sql == NULL)
		return;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare(sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	cached = SPI_plan_get_cached_plan(plan);
	((Locality *) memo)->local = cached != NULL &&
		list_length(cached->stmt_list) == 1 &&
		is_own_plan(linitial_node(PlannedStmt, cached->stmt_list),
					RelationGetRelid(rel));
	if (cached)
		ReleaseCachedPlan(cached, NULL);	/* it is no saved plan */
	SPI_finish();
}

static MemoCache localities = {"upsert localities", sizeof(Locality), ask_planner};

bool
store_is_local(Relation rel)
{
	if (planner_hook == NULL && create_upper_paths_hook == NULL &&
		set_rel_pathlist_hook == NULL)
		return true;
	/* a standby lends no lock to plan an UPDATE with; SQL is always right */
	if (RecoveryInProgress())
		return false;
	return ((Locality *) memo_of(&localities, rel))->local;
}
