/*
 * c8ql/remote.c
 *		Rows of a loop that are upserted by their keys, where the keys are.
 *
 *		FOR d IN @docs UPSERT {_key: d._key} INSERT d UPDATE {n: OLD.n + @by} IN c
 *
 *		together.c	key and variables of each row		a: [d]  b: [d]  c: [d]
 *		shard 1		FOR r IN @rows LET d = r[2]			[0, "a", d] [2, "c", d]
 *					UPSERT {_key: r[1]} INSERT d UPDATE {n: OLD.n + @by} IN @@c
 *					RETURN [r[0], OLD, NEW]
 *		shard 2		the same							[1, "b", d]
 *
 * So expressions that see OLD are evaluated where it is locked.  What is sent is a
 * statement like any other, and is run like one there, on the table that is the
 * shard; the rows of its answer and its warnings find their places again by their numbers.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/schema.h"
#include "c8ql/execute.h"
#include "c8ql/remote.h"
#include "expr/value.h"
#include "jsonb/doc.h"

struct Remote
{
	const char *head;			/* FOR ... INSERT ... UPDATE ... IN @@c */
	const char *row;			/* names in it that are ours */
	const char *rows;
	const char *collection;
	int			nsent;			/* of the variables */
	int		   *sent;
	int			nbinds;
	const char **names;
	JsonbValue *binds;
};

/* What an answer consists of. */
#define ANSWER_ROW	1
#define ANSWER_END	0

/* ----------
 * The statement
 * ----------
 */

static void
collect_params(const ExprNode *node, List **names)
{
	ListCell   *lc;
	bool		there = false;

	check_stack_depth();
	if (node->tag == EXPR_PARAM)
	{
		foreach(lc, *names)
			there |= strcmp(lfirst(lc), node->name) == 0;
		if (!there)
			*names = lappend(*names, unconstify(char *, node->name));
	}
	for (int i = 0; i < node->nargs; i++)
		collect_params(node->args[i], names);
}

static bool
contains_name(const ExprNode *node, const char *name)
{
	check_stack_depth();
	if (node->name && strcmp(node->name, name) == 0)
		return true;
	for (int i = 0; i < node->nargs; i++)
		if (contains_name(node->args[i], name))
			return true;
	return false;
}

/* A name that nothing in the operation has. */
static const char *
free_name(const ExprNode *upsert, const char **names, int n, const char *stem)
{
	char	   *name = pstrdup(stem);
	bool		taken;

	do
	{
		taken = contains_name(upsert, name);
		for (int i = 0; i < n && !taken; i++)
			taken = strcmp(names[i], name) == 0;
		if (taken)
			name = psprintf("%s_", name);
	} while (taken);
	return name;
}

static void
collect_binds(Remote *r, ExprCompiler *compiler, List *names)
{
	const Jsonb *bind = plan_planner(compiler)->bind;
	JsonbValue	object;
	ListCell   *lc;

	value_set_empty_object(&object);
	if (bind)
		value_from_jsonb(unconstify(Jsonb *, bind), &object);
	r->names = palloc(sizeof(char *) * Max(list_length(names), 1));
	r->binds = palloc(sizeof(JsonbValue) * Max(list_length(names), 1));
	foreach(lc, names)
	{
		r->names[r->nbinds] = lfirst(lc);
		if (value_attribute(&object, lfirst(lc), strlen(lfirst(lc)), &r->binds[r->nbinds]))
			r->nbinds++;
	}
}

Remote *
remote_plan(ExprCompiler *compiler, const ExprNode *upsert, const char **names,
			int n, int outer_variables)
{
	const ExprNode *insert = upsert->args[EXPR_UPSERT_INSERT];
	const ExprNode *update = upsert->args[EXPR_UPSERT_UPDATE];
	Remote	   *r;
	StringInfoData text;
	List	   *params = NIL;

	for (int i = 0; i < outer_variables; i++)
	{
		const ExprVariable *variable = list_nth(compiler->variables, i);

		if (plan_uses(insert, variable->name) || plan_uses(update, variable->name))
			return NULL;
	}
	r = palloc0(sizeof(Remote));
	r->row = free_name(upsert, names, n, "row");
	r->rows = free_name(upsert, names, n, "rows");
	r->collection = free_name(upsert, names, n, "collection");
	r->sent = palloc(sizeof(int) * Max(n, 1));

	initStringInfo(&text);
	appendStringInfo(&text, "FOR %s IN @%s", r->row, r->rows);
	for (int i = 0; i < n; i++)
	{
		if (!plan_uses(insert, names[i]) && !plan_uses(update, names[i]))
			continue;
		appendStringInfoString(&text, " LET ");
		expr_deparse(expr_node(EXPR_REF, 0, names[i], 0), &text);
		appendStringInfo(&text, " = %s[%d]", r->row, r->nsent + 2);
		r->sent[r->nsent++] = i;
	}
	appendStringInfo(&text, " UPSERT {_key: %s[1]} INSERT ", r->row);
	expr_deparse(insert, &text);
	appendStringInfoString(&text, upsert->flags ? " REPLACE " : " UPDATE ");
	expr_deparse(update, &text);
	appendStringInfo(&text, " IN @@%s", r->collection);
	r->head = text.data;

	collect_params(insert, &params);
	collect_params(update, &params);
	collect_binds(r, compiler, params);
	return r;
}

static const char *
truth(bool value)
{
	return value ? "true" : "false";
}

static char *
statement_text(const Remote *r, const UpsertOptions *options, bool used)
{
	return psprintf("%s OPTIONS {keepNull: %s, mergeObjects: %s, ignoreRevs: %s, ignoreErrors: %s, waitForSync: %s} RETURN [%s[0]%s]",
					r->head, truth(options->keep_null), truth(options->merge_objects),
					truth(options->ignore_revs), truth(options->ignore_errors),
					truth(options->wait_for_sync),
					r->row, used ? ", OLD, NEW" : "");
}

/* ----------
 * There
 * ----------
 */

/* The rows of one shard on their way. */
typedef struct RemotePart
{
	Run		   *run;
	bool		used;
	RemoteRow  *rows;
	int			n;
} RemotePart;

/* {"rows": [[number, key, variable, ...], ...], parameters} */
static Jsonb *
statement_binds(const Remote *r, const Collection *c, const RemoteRow *rows,
				const int *items, int n)
{
	ValueBuilder builder;
	ValueBuilder list;
	ValueBuilder one;
	JsonbValue	value;

	value_array_begin(&list);
	for (int i = 0; i < n; i++)
	{
		const RemoteRow *row = &rows[items[i]];
		char	   *key = collection_key_to_string(c, row->key);

		value_array_begin(&one);
		value_set_int64(&value, items[i]);
		value_array_add(&one, &value);
		value_set_string(&value, key, strlen(key));
		value_array_add(&one, &value);
		for (int k = 0; k < r->nsent; k++)
			value_array_add(&one, &row->variables[r->sent[k]]);
		value_array_finish(&one, &value);
		value_array_add(&list, &value);
	}
	value_object_begin(&builder);
	value_array_finish(&list, &value);
	value_object_put(&builder, r->rows, strlen(r->rows), &value);
	for (int i = 0; i < r->nbinds; i++)
		value_object_put(&builder, r->names[i], strlen(r->names[i]), &r->binds[i]);
	value_object_finish(&builder, true, &value);
	return value_to_jsonb(&value);
}

static List *
take_warnings(WireIn *in)
{
	List	   *warnings = NIL;

	for (int64 n = wire_take_number(in); n > 0; n--)
	{
		int			errornum = wire_take_number(in);
		const char *message = wire_take_string(in);

		if (message == NULL)
			wire_malformed(in);
		warnings = run_note_warning(warnings, errornum, message);
	}
	return warnings;
}

static void
take_shown(WireIn *in, JsonbValue *value)
{
	Jsonb	   *doc = wire_take_doc(in);

	if (doc == NULL)
		wire_malformed(in);
	value_from_jsonb(doc, value);
}

static void
take_answer(void *arg, WireIn *in)
{
	RemotePart *part = arg;
	Run		   *run = part->run;

	while (!wire_at_end(in))
	{
		RemoteRow  *row;
		int64		number;

		if (wire_take_number(in) == ANSWER_END)
		{
			run_warn_noted(run, take_warnings(in));
			run->writes_executed += wire_take_number(in);
			run->writes_ignored += wire_take_number(in);
			run->inserted += wire_take_number(in);
			run->updated += wire_take_number(in);
			run->unchanged += wire_take_number(in);
			continue;
		}
		number = wire_take_number(in);
		if (number >= part->n)
			wire_malformed(in);
		row = &part->rows[number];
		row->fate = REMOTE_GIVEN;
		row->warnings = take_warnings(in);
		if (!part->used)
			continue;
		take_shown(in, &row->old);
		take_shown(in, &row->new);
	}
}

static void
apply_part(Remote *r, const Route *route, const Collection *c,
		   const char *text, RemotePart *part, const int *items, int n)
{
	RouteArguments arguments;
	Datum	   *keys = palloc_extended(sizeof(Datum) * n, MCXT_ALLOC_HUGE);

	for (int i = 0; i < n; i++)
	{
		keys[i] = part->rows[items[i]].key;
		part->rows[items[i]].fate = REMOTE_DROPPED;
	}
	route_begin(route, &arguments, ROUTE_LOOP, keys, n);
	wire_put_number(&arguments.out, part->used);
	wire_put_string(&arguments.out, text);
	wire_put_string(&arguments.out, psprintf("@%s", r->collection));
	wire_put_doc(&arguments.out, statement_binds(r, c, part->rows, items, n));
	if (route_call(route, &arguments, false, take_answer, part))
		return;
	for (int i = 0; i < n; i++)
		part->rows[items[i]].fate = REMOTE_HERE;
}

typedef struct PlacedRow
{
	int			shard;
	int			item;
} PlacedRow;

static int
compare_places(const void *pa, const void *pb)
{
	const PlacedRow *a = pa;
	const PlacedRow *b = pb;

	return a->shard != b->shard ? (a->shard > b->shard) - (a->shard < b->shard) :
		(a->item > b->item) - (a->item < b->item);
}

void
remote_apply(Remote *remote, const Route *route, const UpsertOptions *options,
			 bool used, Run *run, RemoteRow *rows, int n)
{
	const Collection *c = route_collection(route);
	char	   *text = statement_text(remote, options, used);
	RemotePart	part = {run, used, rows, n};
	PlacedRow  *order = palloc_extended(sizeof(PlacedRow) * n, MCXT_ALLOC_HUGE);
	int		   *items = palloc_extended(sizeof(int) * n, MCXT_ALLOC_HUGE);
	int			end;

	for (int i = 0; i < n; i++)
		order[i] = (PlacedRow) {route_shard(route, rows[i].key), i};
	qsort(order, n, sizeof(PlacedRow), compare_places);
	for (int i = 0; i < n; i++)
		items[i] = order[i].item;
	for (int start = 0; start < n; start = end)
	{
		for (end = start + 1; end < n && order[end].shard == order[start].shard; end++)
			;
		apply_part(remote, route, c, text, &part, items + start, end - start);
	}
}

/* ----------
 * Here
 * ----------
 */

/* What RETURN yields, and the warnings that came before it. */
typedef struct RemoteAnswer
{
	RouteAnswers *answers;
	Run		   *run;
	bool		used;
	int			nwarnings;		/* that were put */
} RemoteAnswer;

static void
put_warnings(RemoteAnswer *a)
{
	WireOut    *out = route_answer(a->answers);
	int			n = list_length(a->run->warnings);

	wire_put_number(out, n - a->nwarnings);
	for (; a->nwarnings < n; a->nwarnings++)
	{
		const RunWarning *warning = list_nth(a->run->warnings, a->nwarnings);

		wire_put_number(out, warning->errornum);
		wire_put_string(out, warning->message);
	}
}

/* [number, OLD, NEW] */
static void
put_row(void *arg, const JsonbValue *value)
{
	RemoteAnswer *a = arg;
	WireOut    *out = route_answer(a->answers);
	JsonbValue	part[3];
	JsonbValue *next = part;
	ValueIter	it;
	int64		number;

	value_iter_init(&it, value);
	while (next < part + lengthof(part) && value_iter_next(&it, NULL, next))
		next++;
	if (next - part != (a->used ? 3 : 1) || (number = value_to_int64(&part[0])) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a statement for rows of a shard returns something else")));
	wire_put_number(out, ANSWER_ROW);
	wire_put_number(out, number);
	put_warnings(a);
	for (int i = 1; i < next - part; i++)
		wire_put_doc(out, value_to_jsonb(&part[i]));
	route_cut(a->answers);
}

static bool
handle_loop(Oid relid, const Datum *keys, int n, WireIn *in, RouteAnswers *answers)
{
	StatementOptions options = {.keep_warnings = true, .keep_all_warnings = true};
	Run			run;
	RemoteAnswer a = {answers, &run};
	char	   *text;
	DocAttribute collection;
	Jsonb	   *bind;
	WireOut    *out;

	a.used = wire_take_number(in) != 0;
	text = wire_take_string(in);
	collection.name = wire_take_string(in);
	collection.value = relation_quoted(relid);
	collection.len = strlen(collection.value);
	bind = wire_take_doc(in);
	/* what is longer is none of a collection to the language */
	if (collection.len >= NAMEDATALEN * 2 || text == NULL || collection.name == NULL || bind == NULL || !JB_ROOT_IS_OBJECT(bind))
		return false;
	statement_execute(text, doc_add_attributes(bind, &collection, 1), &options,
					  put_row, &a, &run);
	out = route_answer(answers);
	wire_put_number(out, ANSWER_END);
	put_warnings(&a);
	wire_put_number(out, run.writes_executed);
	wire_put_number(out, run.writes_ignored);
	wire_put_number(out, run.inserted);
	wire_put_number(out, run.updated);
	wire_put_number(out, run.unchanged);
	return true;
}

void
remote_init(void)
{
	route_handle(ROUTE_LOOP, handle_loop);
}
