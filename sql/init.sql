-- The extension is there, under its own name and version.
SELECT extname, extversion FROM pg_catalog.pg_extension WHERE extname = 'upsert';
