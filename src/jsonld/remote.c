/*
 * remote.c
 *		The remote context documents that a call has read.
 *
 * What is read goes where the context that is being made will live, since
 * definitions point into it; so it is read again for a context that lives
 * elsewhere.  Where documents come from only the loader knows.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "jsonld/process.h"

/* a remote document that was read, and the memory it was read into */
typedef struct RemoteDocument
{
	JldStr		iri;
	MemoryContext mcxt;
	JldValue   *document;
} RemoteDocument;

ContextLoader context_loader = NULL;

RemoteDocuments *
remote_documents(JldProcessor *proc)
{
	if (proc->remotes == NULL)
	{
		proc->remotes = MemoryContextAllocZero(proc->mcxt, sizeof(RemoteDocuments));
		proc->remotes->build = proc->mcxt;
		proc->remotes->lasting = true;
	}
	return proc->remotes;
}

JldValue *
context_load(JldProcessor *proc, JldStr iri)
{
	RemoteDocuments *remotes = remote_documents(proc);
	RemoteDocument *remote;
	MemoryContext old;
	JldValue   *document;
	bool		lasting = true;
	ListCell   *lc;

	if (proc->options.inlineContexts)
		jld_error(proc, JLD_LOADING_REMOTE_CONTEXT_FAILED, jld_cstr(iri),
				  "a context by IRI cannot be read here");
	remotes->used = true;
	foreach(lc, remotes->documents)
	{
		remote = lfirst(lc);
		if (remote->mcxt == remotes->build && jld_eq(remote->iri, iri))
			return remote->document;
	}

	jld_step(proc);
	old = MemoryContextSwitchTo(remotes->build);
	document = context_loader ? context_loader(iri, &lasting) : NULL;
	if (document == NULL)
		jld_error(proc, JLD_LOADING_REMOTE_CONTEXT_FAILED, jld_cstr(iri),
				  "context is not stored");
	if (!lasting)
		remotes->lasting = false;
	MemoryContextSwitchTo(proc->mcxt);
	remote = palloc(sizeof(RemoteDocument));
	remote->iri = jld_str_copy(iri);
	remote->mcxt = remotes->build;
	remote->document = document;
	remotes->documents = lappend(remotes->documents, remote);
	MemoryContextSwitchTo(old);
	return document;
}
