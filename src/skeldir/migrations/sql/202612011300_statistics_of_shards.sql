-- ANALYZE keeps the old statistics of an empty table, and on Citus each shard is one: they are cleared there, too.
CREATE OR REPLACE FUNCTION public.renew_statistics(table_name text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    -- %s is the quoted name of each shard.
    clear_shard CONSTANT text :=
        'SELECT count(pg_clear_attribute_stats(n.nspname, c.relname, a.attname, false)) '
        'FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace '
        'WHERE c.oid = ''%s''::regclass AND a.attnum > 0 AND NOT a.attisdropped';
    fault text;
BEGIN
    IF to_regproc('pg_catalog.pg_clear_attribute_stats') IS NOT NULL THEN
        EXECUTE 'SELECT pg_clear_attribute_stats(''public'', $1, a.attname, false) FROM pg_attribute a '
                'WHERE a.attrelid = format(''public.%I'', $1)::regclass AND a.attnum > 0 AND NOT a.attisdropped'
        USING table_name;
        IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
            EXECUTE 'SELECT max(s.result) FROM pg_dist_partition p, run_command_on_shards(p.logicalrelid, $1) s '
                    'WHERE p.logicalrelid = format(''public.%I'', $2)::regclass AND NOT s.success'
            INTO fault USING clear_shard, table_name;
        END IF;
    END IF;
    -- This also reports a node that is away.
    EXECUTE format('ANALYZE public.%I', table_name);
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'statistics of public.% remain on a node: %', table_name, fault;
    END IF;
END
$$;
