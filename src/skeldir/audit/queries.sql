-- The ledger and the kept sums are read directly: every row and column is compared, where the rooms that write them read
-- pages and totals. Credit itself is recomputed by `skeldir.attribution`.

-- name: begin_audit^
-- The time of the snapshot, and the major version of the server.
-- Never null: major.
SELECT clock_timestamp() AS as_of, current_setting('server_version_num')::integer / 10000 AS major;

-- name: select_page_end$
-- The last order of the next page of the ledger; all entries of an order are in one page.
SELECT max(p.order_id)
FROM (SELECT l.order_id FROM public.revenue_ledger l
      WHERE l.tenant_id = :tenant_id AND l.order_id > :after ORDER BY l.order_id LIMIT :most) p;

-- name: select_page
-- Entries that were taken back, and those that took them back, do not stand.
-- Never null: is_standing, is_renewal.
SELECT l.order_id, l.id, l.business_key, l.kind, l.amount_cents, l.currency, l.occurred_at, l.generation,
       l.generation >= 0 AND NOT EXISTS (
           SELECT FROM public.revenue_ledger r
           WHERE r.tenant_id = :tenant_id AND r.business_key = l.business_key AND r.generation = -1 - l.generation
             AND r.generation < 0) AS is_standing,
       CASE WHEN (SELECT EXISTS (SELECT FROM public.renewal_orders x WHERE x.tenant_id = :tenant_id))
            THEN EXISTS (SELECT FROM public.renewal_orders n
                         WHERE n.tenant_id = :tenant_id AND n.order_id = l.order_id)
            ELSE false END AS is_renewal
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.order_id > :after AND l.order_id <= :until;

-- name: select_marked_days
-- Days that wait to be rolled up: those whose revenue, spend or credit changed since they were last rolled up.
SELECT day, bool_or(sums = 'all') AS has_spend, bool_or(sums <> 'credit') AS has_revenue
FROM public.dirty_days WHERE tenant_id = :tenant_id GROUP BY day;

-- name: select_revenue_days
SELECT revenue_date, currency, state, amount_cents, entries, orders, renewal_cents, renewal_entries, renewal_orders,
       last_entry_at
FROM public.rollup_revenue_day WHERE tenant_id = :tenant_id;

-- name: select_revenue_totals
SELECT currency, state, amount_cents, entries, orders, renewal_cents, renewal_entries, renewal_orders, last_entry_at
FROM public.rollup_revenue_total WHERE tenant_id = :tenant_id;

-- name: select_channel_days
SELECT revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations, spend_cents
FROM public.rollup_channel_day WHERE tenant_id = :tenant_id AND basis = 'entry';

-- name: select_journal_sums
-- Never null: conversion_ppt, credited_cents, allocations.
SELECT revenue_date, model_version, channel_code, currency, sum(conversion_ppt) AS conversion_ppt,
       sum(credited_cents) AS credited_cents, sum(allocations) AS allocations
FROM public.credit_journal
WHERE tenant_id = :tenant_id AND basis = 'entry'
GROUP BY revenue_date, model_version, channel_code, currency;

-- name: select_renewal_days
SELECT revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations
FROM public.rollup_channel_day WHERE tenant_id = :tenant_id AND basis = 'renewal';

-- name: select_renewal_journal
-- Never null: conversion_ppt, credited_cents, allocations.
SELECT revenue_date, model_version, channel_code, currency, sum(conversion_ppt) AS conversion_ppt,
       sum(credited_cents) AS credited_cents, sum(allocations) AS allocations
FROM public.credit_journal
WHERE tenant_id = :tenant_id AND basis = 'renewal'
GROUP BY revenue_date, model_version, channel_code, currency;

-- name: select_renewal_faults
-- Orders that are known as renewals and are none by their payments, or the other way round; and renewals with stored credit
-- that is not counted as theirs, or the other way round.
-- Never null: every column.
SELECT f.order_id, f.fault
FROM (SELECT p.order_id, 'not_known' AS fault FROM public.payments p
      WHERE p.tenant_id = :tenant_id AND p.is_renewal AND p.order_id IS NOT NULL
        AND p.order_id NOT IN (SELECT n.order_id FROM public.renewal_orders n WHERE n.tenant_id = :tenant_id)
      UNION
      SELECT n.order_id, 'not_paid' FROM public.renewal_orders n
      WHERE n.tenant_id = :tenant_id
        AND n.order_id NOT IN (SELECT p.order_id FROM public.payments p
                               WHERE p.tenant_id = :tenant_id AND p.is_renewal AND p.order_id IS NOT NULL)
      UNION
      SELECT n.order_id, 'not_counted' FROM public.renewal_orders n
      WHERE n.tenant_id = :tenant_id
        AND n.order_id NOT IN (SELECT c.order_id FROM public.credited_renewals c WHERE c.tenant_id = :tenant_id)
        AND (n.order_id IN (SELECT j.order_id FROM public.order_journeys j WHERE j.tenant_id = :tenant_id)
             OR n.order_id IN (SELECT k.order_id FROM public.kept_allocations k WHERE k.tenant_id = :tenant_id))
      UNION
      SELECT c.order_id, 'not_renewal' FROM public.credited_renewals c
      WHERE c.tenant_id = :tenant_id
        AND c.order_id NOT IN (SELECT n.order_id FROM public.renewal_orders n WHERE n.tenant_id = :tenant_id)) f
ORDER BY f.order_id, f.fault;

-- name: select_allocation_days
SELECT revenue_date, model_version, currency, ledger_cents, awaiting_capture_cents, allocated_cents
FROM public.rollup_allocation_day WHERE tenant_id = :tenant_id;

-- name: select_spend_days
-- Never null: spend_cents.
SELECT spend_date, channel_code, currency, sum(amount_cents) AS spend_cents
FROM public.spend WHERE tenant_id = :tenant_id
GROUP BY spend_date, channel_code, currency;

-- name: select_ad_costs
-- The cost of campaign days by their latest revisions.
SELECT l.day, l.channel_code, l.currency, coalesce(sum(l.cost_cents), 0) AS cost_cents
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency) d.day, d.channel_code, d.currency, d.cost_cents
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC) l
GROUP BY l.day, l.channel_code, l.currency;

-- name: select_ad_spend
-- What revisions of campaign days added to spend. Never null: spend_cents.
SELECT spend_date, channel_code, currency, sum(amount_cents) AS spend_cents
FROM public.spend WHERE tenant_id = :tenant_id AND business_key LIKE 'ad:%'
GROUP BY spend_date, channel_code, currency;

-- name: select_of_citus
-- What the extension itself put beside the program's objects; nothing on a server without Citus.
-- Never null: every column.
SELECT n.nspname || '.' || c.relname AS name
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
                           AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e'
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE e.extname = 'citus'
UNION ALL
SELECT t.evtname
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
                           AND d.classid = 'pg_catalog.pg_event_trigger'::regclass AND d.deptype = 'e'
JOIN pg_catalog.pg_event_trigger t ON t.oid = d.objid
WHERE e.extname = 'citus';

-- name: select_roles
-- Never null: every column.
SELECT r.rolname AS name,
       concat_ws(' ', CASE WHEN r.rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
                 CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
                 CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
                 CASE WHEN r.rolreplication THEN 'REPLICATION' END,
                 (SELECT 'member of ' || string_agg(pg_get_userbyid(m.roleid), ', ' ORDER BY pg_get_userbyid(m.roleid))
                  FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid)) AS found
FROM pg_catalog.pg_roles r
WHERE r.rolname IN ('app_user', 'matview_owner', 'skeldir_owner');

-- name: select_owners
-- The owner of every table, view and sequence, except Alembic's table, which belongs to the role that migrates.
-- Never null: every column.
SELECT n.nspname || '.' || c.relname AS name, pg_get_userbyid(c.relowner)::text AS found
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'celery') AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND (n.nspname, c.relname) <> ('public', 'alembic_version');

-- name: select_owned_by_app_user
-- Everything that the runtime role owns, and where it may create objects.
-- Never null: every column.
SELECT 'relation ' || c.oid::regclass AS name, 'is owned by app_user' AS found
FROM pg_catalog.pg_class c WHERE c.relowner = 'app_user'::regrole
UNION ALL
SELECT 'function ' || p.oid::regprocedure, 'is owned by app_user'
FROM pg_catalog.pg_proc p WHERE p.proowner = 'app_user'::regrole
UNION ALL
SELECT 'type ' || t.oid::regtype, 'is owned by app_user'
FROM pg_catalog.pg_type t WHERE t.typowner = 'app_user'::regrole AND t.typrelid = 0
UNION ALL
SELECT 'schema ' || n.nspname, 'is owned by app_user'
FROM pg_catalog.pg_namespace n WHERE n.nspowner = 'app_user'::regrole
UNION ALL
SELECT 'the database', 'is owned by app_user'
FROM pg_catalog.pg_database d WHERE d.datdba = 'app_user'::regrole AND d.datname = current_database()
UNION ALL
SELECT 'schema ' || n.nspname, 'lets app_user create'
FROM pg_catalog.pg_namespace n
WHERE n.nspname IN ('public', 'celery') AND has_schema_privilege('app_user', n.oid, 'CREATE')
UNION ALL
SELECT 'the database', 'lets app_user create schemas'
WHERE has_database_privilege('app_user', current_database(), 'CREATE');

-- name: select_row_security
-- For every table that has a tenant: whether row-level security is enabled and forced, and its policies, in words.
-- A policy that calls its function in a sub-select is shown without the sub-select.
-- Never null: every column.
SELECT c.relname AS name,
       concat_ws('; ', CASE WHEN c.relrowsecurity THEN 'enabled' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END,
                 (SELECT string_agg(concat_ws(' ', p.polname, CASE WHEN p.polpermissive THEN 'permits' ELSE 'restricts' END,
                                              CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                                                            WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END,
                                              'to', (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC'
                                                                            ELSE pg_get_userbyid(r)::text END, ', ')
                                                     FROM unnest(p.polroles) r),
                                              'using', regexp_replace(pg_get_expr(p.polqual, p.polrelid), :sub_select, '\1'),
                                              'check', regexp_replace(pg_get_expr(p.polwithcheck, p.polrelid), :sub_select,
                                                                      '\1')),
                                    '; ' ORDER BY p.polname)
                  FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)) AS found
FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname = 'tenants'
       OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped));

-- name: select_rights
-- The rights on each relation, except its owner's; PUBLIC is not a role name. Column rights name their columns.
-- Never null: every column.
SELECT g.name, string_agg(g.rights, '; ' ORDER BY g.grantee) AS found
FROM (SELECT r.name, r.grantee, r.grantee || ' ' || string_agg(r.privilege, ' ' ORDER BY r.privilege) AS rights
      FROM (SELECT n.nspname || '.' || c.relname AS name,
                   CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee,
                   x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END AS privilege
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) x
            WHERE n.nspname IN ('public', 'celery') AND x.grantee <> c.relowner
              AND (n.nspname, c.relname) <> ('public', 'alembic_version')
            UNION ALL
            SELECT n.nspname || '.' || c.relname,
                   CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END,
                   x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END
                       || '(' || string_agg(a.attname, ', ' ORDER BY a.attname) || ')'
            FROM pg_catalog.pg_attribute a
            JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) x
            WHERE n.nspname IN ('public', 'celery') AND NOT a.attisdropped AND x.grantee <> c.relowner
            GROUP BY n.nspname, c.relname, x.grantee, x.privilege_type, x.is_grantable) r
      GROUP BY r.name, r.grantee) g
GROUP BY g.name;

-- name: select_functions
-- Whose rights each function runs with, who may run it, and the beginning of the SHA-256 of its body.
-- Never null: every column.
SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
       concat_ws('; ', pg_get_userbyid(p.proowner), CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END,
                 array_to_string(p.proconfig, ' '),
                 'run by ' || (SELECT string_agg(CASE WHEN x.grantee = 0 THEN 'PUBLIC'
                                                      ELSE pg_get_userbyid(x.grantee)::text END, ', '
                                                 ORDER BY x.grantee = 0, pg_get_userbyid(x.grantee))
                               FROM pg_catalog.aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x),
                 left(encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), 16)) AS found
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('public', 'celery')
   OR (p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema'));

-- name: select_triggers
-- Never null: every column.
SELECT t.tgname AS name,
       concat_ws(' ', t.tgrelid::regclass, t.tgfoid::regproc,
                 CASE t.tgenabled WHEN 'O' THEN 'enabled' WHEN 'A' THEN 'enabled' ELSE 'DISABLED' END) AS found
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND c.relnamespace IN ('public'::regnamespace, 'celery'::regnamespace)
UNION ALL
SELECT r.rulename, 'a rule on ' || r.tablename FROM pg_catalog.pg_rules r WHERE r.schemaname IN ('public', 'celery')
UNION ALL
SELECT e.evtname, 'a trigger on ' || e.evtevent FROM pg_catalog.pg_event_trigger e;

-- name: select_views
-- Materialized views in any schema, and their unique indexes.
-- Never null: every column.
SELECT n.nspname || '.' || c.relname AS name,
       concat_ws('; ', CASE WHEN c.relispopulated THEN 'populated' ELSE 'EMPTY' END,
                 (SELECT string_agg(pg_get_indexdef(i.indexrelid)
                                    || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' INVALID' END, '; '
                                    ORDER BY i.indexrelid::regclass::text)
                  FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid)) AS found
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm';

-- name: select_readers
-- The plain views, with their options: security_barrier, or security_invoker.
-- Never null: every column.
SELECT n.nspname || '.' || c.relname AS name, coalesce(array_to_string(c.reloptions, ' '), 'no options') AS found
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND n.nspname IN ('public', 'celery');

-- name: select_definitions
-- The beginning of the SHA-256 of each view's definition, as this server formats it, without white space and `public.`.
-- Never null: every column.
SELECT n.nspname || '.' || c.relname AS name,
       left(encode(sha256(convert_to(regexp_replace(pg_get_viewdef(c.oid), '\mpublic\.|\s', '', 'g'), 'UTF8')), 'hex'), 16)
           AS found
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname IN ('public', 'celery');

-- name: insert_audit!
INSERT INTO public.audits (tenant_id, id, as_of, orders, awaiting_orders, differences, checks, digest)
VALUES (:tenant_id, :id, :as_of, :orders, :awaiting_orders, :differences, :checks::text[], :digest);

-- name: select_audits
SELECT as_of, orders, awaiting_orders, differences, checks, digest
FROM public.audits WHERE tenant_id = :tenant_id
ORDER BY as_of DESC, id DESC
LIMIT :most;

-- name: audit_counts^
-- Always a row. Never null: differences.
SELECT c.differences, extract(epoch FROM clock_timestamp() - c.oldest_at)::float8 AS oldest_s
FROM public.audit_counts() AS c;

-- name: is_audit_open$
SELECT EXISTS (SELECT FROM public.job_counts() AS j WHERE j.kind = :kind AND j.state IN ('ready', 'running'));

-- name: select_run_sums
-- The sums of comparisons, as they are stored.
SELECT id, reconciliation_id, platform, currency, claimed_cents, verified_cents, ghost_cents
FROM public.reconciliation_runs
WHERE tenant_id = :tenant_id;

-- name: select_line_sums
-- The sums of comparisons, added up from their lines whose claims are known.
-- Never null: claimed_cents, verified_cents, ghost_cents.
SELECT reconciliation_id, platform, currency, sum(claimed_cents) AS claimed_cents, sum(verified_cents) AS verified_cents,
       sum(greatest(0, claimed_cents - verified_cents)) AS ghost_cents
FROM public.reconciliation_lines
WHERE tenant_id = :tenant_id AND claimed_cents IS NOT NULL
GROUP BY reconciliation_id, platform, currency;

-- name: select_shown_runs
-- What the view shows of each platform; it may be older than the newest sum.
SELECT run_id, platform, currency, claimed_cents, verified_cents, ghost_cents
FROM public.reconciliation_status
WHERE tenant_id = :tenant_id;
