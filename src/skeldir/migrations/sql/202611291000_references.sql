-- What refers to the list of tenants, and what reads it.

SET ROLE skeldir_owner;

ALTER TABLE public.registered_tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.registered_tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.registered_tenants
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
CREATE POLICY owner_reads ON public.registered_tenants FOR SELECT TO skeldir_owner USING (true);

-- A deletion deletes the row after keys and audits, so from then on none of the tenant can be added.
CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'audits', 'registered_tenants', 'revenue_ledger']
$$;

ALTER TABLE public.api_keys DROP CONSTRAINT api_keys_tenant_id_fkey;
ALTER TABLE public.api_keys ADD CONSTRAINT api_keys_tenant_id_fkey
    FOREIGN KEY (tenant_id) REFERENCES public.registered_tenants (tenant_id);
ALTER TABLE public.audits DROP CONSTRAINT audits_tenant_id_fkey;
ALTER TABLE public.audits ADD CONSTRAINT audits_tenant_id_fkey
    FOREIGN KEY (tenant_id) REFERENCES public.registered_tenants (tenant_id);

CREATE OR REPLACE FUNCTION public.tenants_without_job(job_kind text, since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT t.tenant_id FROM public.registered_tenants t
    WHERE NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = t.tenant_id AND j.kind = job_kind
                        AND (j.created_at >= since OR j.state IN ('ready', 'running')))
      AND NOT EXISTS (SELECT FROM public.tenant_deletions d WHERE d.tenant_id = t.tenant_id)
    -- Whoever waits longest comes first: when a round takes longer than a day, it still reaches everybody.
    ORDER BY (SELECT max(j.created_at) FROM public.jobs j
              WHERE j.tenant_id = t.tenant_id AND j.kind = job_kind) NULLS FIRST, t.tenant_id
$$;

CREATE OR REPLACE FUNCTION public.audit_counts() RETURNS TABLE (differences bigint, oldest_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT coalesce(sum(l.differences), 0)::bigint, min(coalesce(l.as_of, t.created_at))
    FROM public.registered_tenants t
    LEFT JOIN LATERAL (SELECT a.differences, a.as_of FROM public.audits a
                       WHERE a.tenant_id = t.tenant_id ORDER BY a.as_of DESC, a.id DESC LIMIT 1) l ON true
    WHERE t.tenant_id NOT IN (SELECT d.tenant_id FROM public.tenant_deletions d)
$$;

-- Ends a deletion: returns false while a row is left, or somebody works for the tenant. The tenant's name stays with a
-- ledger that is kept; otherwise the tenant is deleted. The digest is the SHA-256 of the receipt's lines.
CREATE OR REPLACE FUNCTION public.end_tenant_deletion(tenant uuid) RETURNS boolean
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
    receipt_digest text;
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
        receipt_digest := encode(sha256(convert_to(concat_ws(
            E'\n', deletion.tenant_id, deletion.id,
            CASE WHEN deletion.keeps_ledger THEN 'ledger kept' ELSE 'ledger deleted' END,
            deletion.requested_by,
            to_char(deletion.requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            to_char(deletion.began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            to_char(ended AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            kept,
            (SELECT string_agg(c.key || ' ' || c.value, E'\n' ORDER BY c.key COLLATE "C")
             FROM jsonb_each_text(counts) c)), 'UTF8')), 'hex');
        UPDATE public.tenant_deletions d
        SET ended_at = ended, row_counts = counts, ledger_rows_kept = kept, digest = receipt_digest
        WHERE d.tenant_id = tenant AND d.id = deletion.id;
    END IF;
    SET LOCAL app.current_tenant_id = '';
    RETURN NOT is_left;
END
$$;

-- Deletes touches of the current tenant, and only those that its own rule says are too old.
CREATE OR REPLACE FUNCTION public.forget_touches(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    -- A variable, so that on Citus each statement goes to the tenant's node alone.
    tenant CONSTANT uuid := public.current_tenant_id();
    horizon timestamptz;
    gone bigint;
BEGIN
    SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => r.touch_days)
    INTO horizon
    FROM public.retention r WHERE r.tenant_id = tenant FOR UPDATE;
    IF horizon IS NULL THEN
        RETURN 0;
    END IF;
    UPDATE public.retention r SET touches_forgotten_before = greatest(r.touches_forgotten_before, horizon)
    WHERE r.tenant_id = tenant;
    WITH forgotten AS (
        DELETE FROM public.attribution_events e
        WHERE e.tenant_id = tenant
          AND e.id IN (SELECT o.id FROM public.attribution_events o
                       WHERE o.tenant_id = tenant AND o.occurred_at < horizon LIMIT most)
        RETURNING e.id),
    cleared AS (
        DELETE FROM public.personal_data_findings f
        WHERE f.tenant_id = tenant AND f.relation = 'attribution_events'
          AND f.row_id IN (SELECT id FROM forgotten)
        RETURNING 1)
    SELECT count(*) INTO gone FROM forgotten;
    RETURN gone;
END
$$;

GRANT SELECT, INSERT ON public.registered_tenants TO app_user;

RESET ROLE;
