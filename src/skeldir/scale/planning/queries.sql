-- name: select_relations
-- Tables and materialized views, the largest first, in bytes.
-- Never null: every column.
SELECT n.nspname || '.' || c.relname AS name, pg_catalog.pg_table_size(c.oid) AS table_bytes,
       pg_catalog.pg_indexes_size(c.oid) AS index_bytes
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'celery') AND c.relkind IN ('r', 'p', 'm')
ORDER BY pg_catalog.pg_total_relation_size(c.oid) DESC, name;

-- name: has_citus$
SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') AS has_citus;

-- name: count_facts^
-- How much the transaction's tenant has, and how much of it was recorded since a moment. Ids sort by the time at which
-- they were made, so the older part of the tables is not read. `first_at` is when the earliest one was recorded.
SELECT (SELECT count(*) FROM public.attribution_events e WHERE e.tenant_id = :tenant_id) AS touches,
       (SELECT count(*) FROM public.attribution_events e
        WHERE e.tenant_id = :tenant_id AND e.id >= :first_id AND e.recorded_at >= :since) AS new_touches,
       (SELECT count(*) FROM public.order_journeys j WHERE j.tenant_id = :tenant_id) AS orders,
       (SELECT count(*) FROM public.revenue_ledger l WHERE l.tenant_id = :tenant_id) AS entries,
       (SELECT count(*) FROM public.revenue_ledger l
        WHERE l.tenant_id = :tenant_id AND l.id >= :first_id AND l.recorded_at >= :since) AS new_entries,
       least((SELECT e.recorded_at FROM public.attribution_events e WHERE e.tenant_id = :tenant_id
              ORDER BY e.id LIMIT 1),
             (SELECT l.recorded_at FROM public.revenue_ledger l WHERE l.tenant_id = :tenant_id
              ORDER BY l.id LIMIT 1)) AS first_at;
