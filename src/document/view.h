/*
 * view.h
 *		Views whose INSERTs are upserts.
 */
#ifndef UPSERT_VIEW_H
#define UPSERT_VIEW_H

/* Registers the callbacks that end what is collected with its transaction. */
extern void view_init(void);

#endif							/* UPSERT_VIEW_H */
