CREATE OR REPLACE FUNCTION public.renew_statistics(table_name text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    IF to_regproc('pg_catalog.pg_clear_attribute_stats') IS NOT NULL THEN
        EXECUTE 'SELECT pg_clear_attribute_stats(''public'', $1, a.attname, false) FROM pg_attribute a '
                'WHERE a.attrelid = format(''public.%I'', $1)::regclass AND a.attnum > 0 AND NOT a.attisdropped'
        USING table_name;
    END IF;
    EXECUTE format('ANALYZE public.%I', table_name);
END
$$;
