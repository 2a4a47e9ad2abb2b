-- Deleting a tenant, and how long refused items are kept. See docs/decisions/0011.

SET ROLE skeldir_owner;

-- Who is leaving or has left, and what was done: a row is a request first and a receipt at last. It outlives the tenant,
-- so there is no foreign key, and it holds numbers and names of tables and roles only. Written by the functions below.
CREATE TABLE public.tenant_deletions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    keeps_ledger boolean NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    began_at timestamptz,
    ended_at timestamptz,
    row_counts jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(row_counts) = 'object'),
    ledger_rows_kept bigint,
    digest text CHECK (digest ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT row_counts_hold_no_personal_keys
        CHECK (row_counts = '{}' OR public.holds_no_personal_keys(row_counts)),
    CONSTRAINT receipt_is_of_an_end CHECK (
        (ended_at IS NULL) = (digest IS NULL) AND (ended_at IS NULL) = (ledger_rows_kept IS NULL))
);
CREATE UNIQUE INDEX tenant_deletions_open ON public.tenant_deletions (tenant_id) WHERE ended_at IS NULL;
ALTER TABLE public.tenant_deletions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tenant_deletions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.tenant_deletions USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
CREATE POLICY owner_reads ON public.tenant_deletions FOR SELECT TO skeldir_owner USING (true);

-- Every table that holds rows of a tenant, in the order in which they go: first what makes others work for the tenant,
-- the ledger last. The receipts are not among them. A test compares the list with the catalogue.
CREATE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'jobs', 'api_keys', 'credit_changes',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings',
                 'rollup_revenue_day', 'rollup_channel_day', 'rollup_allocation_day', 'reconciliation_runs',
                 'attribution_allocations', 'dead_events', 'imports', 'spend', 'attribution_events', 'channels',
                 'attribution_models', 'retention', 'revenue_ledger']
$$;

-- One bit about an id: whether its deletion was asked for, now or ever.
CREATE FUNCTION public.tenant_is_leaving(tenant uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT EXISTS (SELECT FROM public.tenant_deletions d WHERE d.tenant_id = tenant) $$;

-- A tenant that is leaving is no tenant: its transactions see no row and can write none. The lock lets the deletion wait
-- for those that were bound before it was asked for: whoever has it holds it until the end of the transaction. (Locks of
-- two numbers have nothing to do with the named ones, which are of one.)
CREATE OR REPLACE FUNCTION public.set_tenant(tenant uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    EXECUTE format('SET LOCAL app.current_tenant_id = %L', tenant);
    IF tenant <> '00000000-0000-0000-0000-000000000000' THEN
        -- Whoever comes after the deletion was asked for must not hold it up, nor wait for it.
        IF public.tenant_is_leaving(tenant) THEN
            SET LOCAL app.current_tenant_id = '';
            RETURN;
        END IF;
        PERFORM pg_advisory_xact_lock_shared(26112613, hashtext(tenant::text));
        IF public.tenant_is_leaving(tenant) THEN
            SET LOCAL app.current_tenant_id = '';
        END IF;
    END IF;
END
$$;

-- Jobs that can be claimed now: none of a tenant that is leaving, and of a tenant's jobs of one kind none beside one that
-- runs. What cannot be claimed must not stand before what can.
CREATE OR REPLACE FUNCTION public.claimable_jobs(kinds text[], most integer)
RETURNS TABLE (tenant_id uuid, id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT j.tenant_id, j.id, j.kind FROM public.jobs j
    WHERE j.kind = ANY(kinds)
      AND ((j.state = 'ready' AND j.run_at <= now()) OR (j.state = 'running' AND j.lease_until < now()))
      AND NOT EXISTS (SELECT FROM public.tenant_deletions d WHERE d.tenant_id = j.tenant_id)
      AND (j.tenant_id = '00000000-0000-0000-0000-000000000000'
           OR NOT EXISTS (SELECT FROM public.jobs r
                          WHERE r.tenant_id = j.tenant_id AND r.kind = j.kind AND r.id <> j.id
                            AND r.state = 'running' AND r.lease_until > now()))
    ORDER BY j.run_at, j.id LIMIT most
$$;

CREATE OR REPLACE FUNCTION public.tenants_without_job(job_kind text, since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT t.id FROM public.tenants t
    WHERE NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = t.id AND j.kind = job_kind
                        AND (j.created_at >= since OR j.state IN ('ready', 'running')))
      AND NOT EXISTS (SELECT FROM public.tenant_deletions d WHERE d.tenant_id = t.id)
    ORDER BY t.id
$$;

-- For operators: how many rows of a tenant each table holds. It changes nothing.
CREATE FUNCTION public.count_tenant_rows(tenant uuid) RETURNS TABLE (table_name text, row_count bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    EXECUTE format('SET LOCAL app.current_tenant_id = %L', tenant);
    FOREACH table_name IN ARRAY public.tenant_tables() LOOP
        EXECUTE format('SELECT count(*) FROM public.%I WHERE tenant_id = $1', table_name) INTO row_count USING tenant;
        RETURN NEXT;
    END LOOP;
    SET LOCAL app.current_tenant_id = '';
END
$$;

-- For operators: shut a tenant out and have a worker delete it. From the commit on no key of it is valid and no
-- transaction is bound to it. One that is under way already gets a job again if there is none. Returns what became of it:
-- requested, unknown (no such tenant), ended (it was done before), or differs (begun with the other word on the ledger).
CREATE FUNCTION public.request_tenant_deletion(
    tenant uuid, ledger_stays boolean, deletion uuid, job uuid, correlation uuid) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    underway boolean;
    keys bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(26112614, hashtext(tenant::text));
    EXECUTE format('SET LOCAL app.current_tenant_id = %L', tenant);
    SELECT d.keeps_ledger INTO underway FROM public.tenant_deletions d
    WHERE d.tenant_id = tenant AND d.ended_at IS NULL;
    IF underway IS NULL THEN
        IF NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = tenant) THEN
            RETURN CASE WHEN public.tenant_is_leaving(tenant) THEN 'ended' ELSE 'unknown' END;
        END IF;
        IF ledger_stays AND public.tenant_is_leaving(tenant) THEN
            RETURN 'ended';
        END IF;
        DELETE FROM public.api_keys k WHERE k.tenant_id = tenant;
        GET DIAGNOSTICS keys = ROW_COUNT;
        INSERT INTO public.tenant_deletions (tenant_id, id, keeps_ledger, requested_by, row_counts)
        VALUES (tenant, deletion, ledger_stays, session_user,
                CASE WHEN keys = 0 THEN '{}' ELSE jsonb_build_object('api_keys', keys) END);
    ELSIF underway <> ledger_stays THEN
        RETURN 'differs';
    END IF;
    SET LOCAL app.current_tenant_id = '00000000-0000-0000-0000-000000000000';
    INSERT INTO public.jobs (tenant_id, id, kind, arguments, correlation_id)
    SELECT '00000000-0000-0000-0000-000000000000', job, 'tenants.delete', jsonb_build_object('tenant_id', tenant), correlation
    WHERE NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = '00000000-0000-0000-0000-000000000000' AND j.kind = 'tenants.delete'
                        AND j.state IN ('ready', 'running') AND j.arguments = jsonb_build_object('tenant_id', tenant));
    SET LOCAL app.current_tenant_id = '';
    RETURN 'requested';
END
$$;

-- The deletion of a tenant that somebody asked for, locked: while it is, nobody else works at it. NULL while a transaction
-- that was bound to the tenant before goes on. The caller's transaction is bound to the tenant until it is let go.
CREATE FUNCTION public.hold_tenant_deletion(tenant uuid) RETURNS public.tenant_deletions
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    deletion public.tenant_deletions;
BEGIN
    EXECUTE format('SET LOCAL app.current_tenant_id = %L', tenant);
    SELECT * INTO deletion FROM public.tenant_deletions d
    WHERE d.tenant_id = tenant AND d.ended_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nobody has asked for the deletion of this tenant' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT pg_try_advisory_xact_lock(26112613, hashtext(tenant::text)) THEN
        RETURN NULL;
    END IF;
    RETURN deletion;
END
$$;

-- Deletes up to `most` rows of a tenant whose deletion was asked for by an operator, and counts them in its receipt;
-- returns how many it was, NULL when somebody still works for the tenant. Of a ledger that stays, the entries' journey
-- keys go, which are all that leads to a person.
CREATE FUNCTION public.delete_tenant_rows(tenant uuid, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    deletion public.tenant_deletions := public.hold_tenant_deletion(tenant);
    counts jsonb := deletion.row_counts;
    is_shown boolean := false;
    table_name text;
    gone bigint;
    total bigint := 0;
BEGIN
    IF deletion.id IS NOT NULL THEN
        FOREACH table_name IN ARRAY public.tenant_tables() LOOP
            EXIT WHEN total >= most;
            IF table_name = 'revenue_ledger' AND deletion.keeps_ledger THEN
                table_name := 'journey_keys';
                UPDATE public.revenue_ledger l SET journey_key = NULL
                WHERE l.tenant_id = tenant
                  AND l.id IN (SELECT o.id FROM public.revenue_ledger o
                               WHERE o.tenant_id = tenant AND o.journey_key IS NOT NULL LIMIT most - total);
                GET DIAGNOSTICS gone = ROW_COUNT;
            ELSE
                EXECUTE format('DELETE FROM public.%1$I WHERE tenant_id = $1 AND ctid = ANY('
                               'ARRAY(SELECT ctid FROM public.%1$I WHERE tenant_id = $1 LIMIT $2))', table_name)
                USING tenant, most - total;
                GET DIAGNOSTICS gone = ROW_COUNT;
            END IF;
            IF gone > 0 THEN
                total := total + gone;
                counts := counts
                    || jsonb_build_object(table_name, gone + coalesce((counts ->> table_name)::bigint, 0));
                is_shown := is_shown OR table_name LIKE 'rollup\_%' OR table_name = 'reconciliation_runs';
            END IF;
        END LOOP;
        UPDATE public.tenant_deletions d SET row_counts = counts, began_at = coalesce(d.began_at, clock_timestamp())
        WHERE d.tenant_id = tenant AND d.id = deletion.id;
        IF is_shown THEN
            INSERT INTO public.rollup_changes DEFAULT VALUES ON CONFLICT DO NOTHING;
        END IF;
    END IF;
    SET LOCAL app.current_tenant_id = '';
    RETURN CASE WHEN deletion.id IS NOT NULL THEN total END;
END
$$;

-- The planner's statistics quote values of rows: makes those of one table anew. An empty table would keep its old ones
-- when it is analysed; PostgreSQL 18 can clear them.
CREATE FUNCTION public.renew_statistics(table_name text) RETURNS void
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

-- Renews the statistics of the table at `place` (from 1) in the list, once a tenant's rows are gone; returns whether there
-- is one at that place.
CREATE FUNCTION public.forget_statistics(tenant uuid, place integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    deletion public.tenant_deletions := public.hold_tenant_deletion(tenant);
    table_name text := (public.tenant_tables())[place];
BEGIN
    IF deletion.id IS NOT NULL AND table_name IS NOT NULL THEN
        PERFORM public.renew_statistics(table_name);
    END IF;
    SET LOCAL app.current_tenant_id = '';
    RETURN table_name IS NOT NULL;
END
$$;

-- Ends a deletion: false while a row is left, or somebody works for the tenant. The tenant itself goes with its ledger; with
-- a ledger that stays it keeps its name, which says whose books they are, and loses its secret. The digest is the SHA-256
-- of the receipt's lines.
CREATE FUNCTION public.end_tenant_deletion(tenant uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    deletion public.tenant_deletions := public.hold_tenant_deletion(tenant);
    ended timestamptz := clock_timestamp();
    counts jsonb := deletion.row_counts;
    table_name text;
    is_left boolean := deletion.id IS NULL;
    kept bigint := 0;
BEGIN
    FOREACH table_name IN ARRAY public.tenant_tables() LOOP
        EXIT WHEN is_left;
        IF table_name = 'revenue_ledger' AND deletion.keeps_ledger THEN
            SELECT count(*), coalesce(bool_or(l.journey_key IS NOT NULL), false) INTO kept, is_left
            FROM public.revenue_ledger l WHERE l.tenant_id = tenant;
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE tenant_id = $1)', table_name)
            INTO is_left USING tenant;
        END IF;
    END LOOP;
    IF NOT is_left THEN
        IF deletion.keeps_ledger THEN
            UPDATE public.tenants t SET api_key_hash = NULL, notification_email = NULL, journey_secret = ''
            WHERE t.id = tenant;
        ELSE
            DELETE FROM public.tenants t WHERE t.id = tenant;
            counts := counts || jsonb_build_object('tenants', 1);
        END IF;
        PERFORM public.renew_statistics('tenants');
        UPDATE public.tenant_deletions d
        SET ended_at = ended, row_counts = counts, ledger_rows_kept = kept,
            digest = encode(sha256(convert_to(concat_ws(
                E'\n', d.tenant_id, d.id, CASE WHEN d.keeps_ledger THEN 'ledger kept' ELSE 'ledger deleted' END,
                d.requested_by,
                to_char(d.requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                to_char(d.began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                to_char(ended AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                kept,
                (SELECT string_agg(c.key || ' ' || c.value, E'\n' ORDER BY c.key COLLATE "C")
                 FROM jsonb_each_text(counts) c)), 'UTF8')), 'hex')
        WHERE d.tenant_id = tenant AND d.id = deletion.id;
    END IF;
    SET LOCAL app.current_tenant_id = '';
    RETURN NOT is_left;
END
$$;

-- As before; the findings of personal data in touches that go, go with them.
CREATE OR REPLACE FUNCTION public.forget_touches(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    horizon timestamptz;
    gone bigint;
BEGIN
    UPDATE public.retention r
    SET touches_forgotten_before = greatest(
        r.touches_forgotten_before,
        date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => r.touch_days))
    WHERE r.tenant_id = public.current_tenant_id()
    RETURNING date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => r.touch_days)
    INTO horizon;
    IF horizon IS NULL THEN
        RETURN 0;
    END IF;
    WITH forgotten AS (
        DELETE FROM public.attribution_events e
        WHERE e.tenant_id = public.current_tenant_id()
          AND e.id IN (SELECT o.id FROM public.attribution_events o
                       WHERE o.tenant_id = public.current_tenant_id() AND o.occurred_at < horizon LIMIT most)
        RETURNING e.id),
    cleared AS (
        DELETE FROM public.personal_data_findings f
        WHERE f.tenant_id = public.current_tenant_id() AND f.relation = 'attribution_events'
          AND f.row_id IN (SELECT id FROM forgotten)
        RETURNING 1)
    SELECT count(*) INTO gone FROM forgotten;
    RETURN gone;
END
$$;

-- Deletes refused items of the current tenant, and what was found in them, that came longer ago than its touches are kept,
-- and in any case than 90 days: whoever is to mend and send them again has done it by then.
CREATE FUNCTION public.forget_dead_events(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    days integer := least(90, (SELECT r.touch_days FROM public.retention r
                               WHERE r.tenant_id = public.current_tenant_id()));
    horizon timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => days);
    gone bigint;
BEGIN
    WITH forgotten AS (
        DELETE FROM public.dead_events e
        WHERE e.tenant_id = public.current_tenant_id()
          AND e.id IN (SELECT o.id FROM public.dead_events o
                       WHERE o.tenant_id = public.current_tenant_id() AND o.recorded_at < horizon
                       ORDER BY o.id LIMIT most)
        RETURNING e.id),
    cleared AS (
        DELETE FROM public.personal_data_findings f
        WHERE f.tenant_id = public.current_tenant_id() AND f.relation = 'dead_events'
          AND f.row_id IN (SELECT id FROM forgotten)
        RETURNING 1)
    SELECT count(*) INTO gone FROM forgotten;
    RETURN gone;
END
$$;

REVOKE ALL ON FUNCTION public.tenant_tables(), public.tenant_is_leaving(uuid), public.count_tenant_rows(uuid),
    public.request_tenant_deletion(uuid, boolean, uuid, uuid, uuid), public.hold_tenant_deletion(uuid),
    public.delete_tenant_rows(uuid, integer), public.renew_statistics(text),
    public.forget_statistics(uuid, integer), public.end_tenant_deletion(uuid), public.forget_dead_events(integer)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.tenant_is_leaving(uuid), public.delete_tenant_rows(uuid, integer),
    public.forget_statistics(uuid, integer), public.end_tenant_deletion(uuid),
    public.forget_dead_events(integer) TO app_user;

RESET ROLE;
