/*
 * frame.h
 *		Between frame.c (the Framing Algorithm) and framematch.c (what a frame
 *		is, and what it matches).
 */
#ifndef UPSERT_JSONLD_FRAME_H
#define UPSERT_JSONLD_FRAME_H

#include "jsonld/context.h"
#include "jsonld/nodemap.h"

/* a graph of the document, and what is needed to find its nodes */
typedef struct FrameGraph
{
	JldValue   *nodes;			/* id -> node */
	int		   *order;			/* their numbers by id; NULL: not yet asked */
	JldValue   *reverse;		/* property -> id -> ids of its subjects */
} FrameGraph;

/* a node in a graph; graphs may share what they say of a node */
typedef struct FrameNode
{
	const FrameGraph *graph;
	const JldValue *node;
} FrameNode;

/* the nodes that are being framed, innermost first */
typedef struct OpenNode
{
	const struct OpenNode *up;
	FrameNode	node;
} OpenNode;

typedef struct Framing
{
	JldProcessor *proc;
	JldValue   *names;			/* graph name -> nodes */
	FrameGraph *graphs;			/* the one that is framed, then those */
	bool		merged;			/* the first is what all graphs say */
	struct HTAB *embeds;		/* frame.c: node -> Embed */
	uint64		top;			/* counts the nodes at the top */
	const OpenNode *open;
} Framing;

/* the flags that hold in a frame */
typedef struct FrameFlags
{
	JldEmbed	embed;
	bool		explicit;
	bool		requireAll;
} FrameFlags;

/*
 * The one object that an expanded frame is; error "invalid frame" where it is
 * none, or has an @id or @type that no frame may have.
 */
extern JldValue *frame_check(JldProcessor *proc, JldValue *frame);

/* The flags of frame; what it does not say is inherited (NULL: the options). */
extern void frame_flags(JldProcessor *proc, const JldValue *frame,
						const FrameFlags *inherited, FrameFlags *flags);

/* One boolean flag of frame (which may be no object). */
extern bool frame_flag(JldProcessor *proc, const JldValue *frame,
					   JldStr keyword, bool otherwise);

/* Frame Matching for one node of graph. */
extern bool frame_matches(Framing *f, FrameGraph *graph, const JldValue *node,
						  const JldValue *frame, bool require_all);

/* Value Pattern Matching: is value, no node, what a property's frame shows? */
extern bool frame_matches_value(const JldValue *frame, const JldValue *value);

/* A node object with nothing but its @id? */
static inline bool
jld_is_reference(const JldValue *v)
{
	return jld_is_object(v) && v->n == 1 && jld_is_string(jld_get(v, JLD_STR("@id")));
}

#endif							/* UPSERT_JSONLD_FRAME_H */
