-- The rollups per tenant and day, the five canonical views over them, and the readers that filter by tenant.

SET ROLE skeldir_owner;

CREATE TABLE public.rollup_revenue_day (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    revenue_date date NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    amount_cents bigint NOT NULL,
    entries bigint NOT NULL,
    orders bigint NOT NULL,
    last_entry_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, revenue_date, currency, state)
);

CREATE TABLE public.rollup_channel_day (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    revenue_date date NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    channel_code text COLLATE "C" NOT NULL,
    currency text NOT NULL,
    conversion_ppt numeric NOT NULL,
    credited_cents bigint NOT NULL,
    spend_cents bigint NOT NULL,
    PRIMARY KEY (tenant_id, revenue_date, model_version, channel_code, currency)
);

-- Ledger against allocations, per model version: what was to be credited and what was.
CREATE TABLE public.rollup_allocation_day (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    revenue_date date NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    currency text NOT NULL,
    ledger_cents bigint NOT NULL,
    awaiting_capture_cents bigint NOT NULL,
    allocated_cents bigint NOT NULL,
    PRIMARY KEY (tenant_id, revenue_date, model_version, currency)
);

CREATE TABLE public.reconciliation_runs (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    platform text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    state text NOT NULL,
    claimed_cents bigint NOT NULL,
    verified_cents bigint NOT NULL,
    ghost_cents bigint NOT NULL,
    ran_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX reconciliation_runs_latest ON public.reconciliation_runs (tenant_id, platform, ran_at DESC, id DESC);

-- Marks, not state: one row per writing transaction and day, deleted by the rollup that saw it.
CREATE TABLE public.dirty_days (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    day date NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Which transactions changed a rollup; a refresh whose snapshot saw them all has nothing to do.
-- It names no tenant, so it is readable by all.
CREATE TABLE public.rollup_changes (
    changed_by xid8 NOT NULL DEFAULT pg_current_xact_id() PRIMARY KEY,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- The log of refreshes. A refresh touches the whole view, so it belongs to no tenant.
CREATE TABLE public.matview_refreshes (
    id uuid NOT NULL PRIMARY KEY,
    view_name text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('success', 'skipped_already_running', 'skipped_unchanged', 'failed')),
    requested_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    seen pg_snapshot,
    error text
);
CREATE INDEX matview_refreshes_latest ON public.matview_refreshes (view_name, outcome, started_at DESC);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['rollup_revenue_day', 'rollup_channel_day', 'rollup_allocation_day',
                                        'reconciliation_runs', 'dirty_days'] LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant_isolation ON public.%I USING (tenant_id = (SELECT public.current_tenant_id()))'
                       ' WITH CHECK (tenant_id = (SELECT public.current_tenant_id()))', tenant_table);
    END LOOP;
    -- The views run as their owner, which has no BYPASSRLS: these policies are how it sees every tenant's row.
    FOREACH tenant_table IN ARRAY ARRAY['rollup_revenue_day', 'rollup_channel_day', 'rollup_allocation_day',
                                        'reconciliation_runs'] LOOP
        EXECUTE format('CREATE POLICY matview_owner_reads ON public.%I FOR SELECT TO matview_owner USING (true)',
                       tenant_table);
        EXECUTE format('GRANT SELECT ON public.%I TO matview_owner', tenant_table);
    END LOOP;
END
$$;
CREATE POLICY matview_owner_reads ON public.tenants FOR SELECT TO matview_owner USING (true);
GRANT SELECT (id) ON public.tenants TO matview_owner;

-- Operators (members of skeldir_owner) may list tenants; the owner's functions may find who has work waiting.
CREATE POLICY owner_reads ON public.tenants FOR SELECT TO skeldir_owner USING (true);
CREATE POLICY owner_reads ON public.dirty_days FOR SELECT TO skeldir_owner USING (true);

CREATE FUNCTION public.tenants_with_dirty_days() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT DISTINCT tenant_id FROM public.dirty_days ORDER BY 1 $$;
REVOKE ALL ON FUNCTION public.tenants_with_dirty_days() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.tenants_with_dirty_days() TO app_user;

GRANT SELECT, INSERT, DELETE ON public.rollup_revenue_day, public.rollup_channel_day,
    public.rollup_allocation_day TO app_user;
GRANT SELECT, INSERT ON public.reconciliation_runs TO app_user;
GRANT SELECT, INSERT, DELETE ON public.dirty_days, public.rollup_changes TO app_user;
GRANT SELECT, INSERT ON public.matview_refreshes TO app_user;
GRANT USAGE ON SCHEMA public TO matview_owner;

RESET ROLE;

-- For the owner of schema public only as long as the views are made.
GRANT CREATE ON SCHEMA public TO matview_owner;
SET ROLE matview_owner;

-- A canonical view holds the 92 days up to a tenant's newest one: a refresh costs what is open, not how much
-- history there is. Older days are closed; their rollup rows are final unless a late fact recomputes them, and the
-- readers below take them from the rollup itself. See docs/decisions/0002.
CREATE VIEW public.open_periods AS
SELECT t.id AS tenant_id,
       greatest((SELECT max(r.revenue_date) FROM public.rollup_revenue_day r WHERE r.tenant_id = t.id),
                (SELECT max(c.revenue_date) FROM public.rollup_channel_day c WHERE c.tenant_id = t.id)) - 91 AS open_from
FROM public.tenants t;

CREATE MATERIALIZED VIEW public.mv_realtime_revenue AS
SELECT tenant_id,
       currency,
       coalesce(sum(amount_cents) FILTER (WHERE state = 'captured'), 0)::bigint AS captured_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('refunded', 'refund_reversed', 'awaiting_capture')), 0)::bigint
           AS refunded_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('disputed', 'dispute_reversed', 'dispute_awaiting_capture')), 0)::bigint
           AS disputed_cents,
       sum(amount_cents)::bigint AS net_cents,
       sum(orders)::bigint AS orders,
       max(last_entry_at) AS last_entry_at
FROM public.rollup_revenue_day
GROUP BY tenant_id, currency
WITH NO DATA;
CREATE UNIQUE INDEX idx_mv_realtime_revenue ON public.mv_realtime_revenue (tenant_id, currency);

CREATE MATERIALIZED VIEW public.mv_daily_revenue_summary AS
SELECT r.tenant_id, r.revenue_date, r.currency, r.state, r.amount_cents, r.entries
FROM public.open_periods o
CROSS JOIN LATERAL (SELECT * FROM public.rollup_revenue_day d
                    WHERE d.tenant_id = o.tenant_id AND d.revenue_date >= o.open_from OFFSET 0) r
WITH NO DATA;
CREATE UNIQUE INDEX idx_mv_daily_revenue_summary
    ON public.mv_daily_revenue_summary (tenant_id, revenue_date, currency, state);

CREATE MATERIALIZED VIEW public.mv_channel_performance AS
SELECT r.tenant_id, r.model_version, r.channel_code, r.revenue_date AS date, r.currency,
       (r.conversion_ppt / 1000000000000)::numeric(30, 12) AS credited_conversions,
       r.credited_cents, r.spend_cents,
       round(r.credited_cents::numeric / nullif(r.spend_cents, 0), 6) AS roas
FROM public.open_periods o
CROSS JOIN LATERAL (SELECT * FROM public.rollup_channel_day d
                    WHERE d.tenant_id = o.tenant_id AND d.revenue_date >= o.open_from OFFSET 0) r
WITH NO DATA;
CREATE UNIQUE INDEX idx_mv_channel_performance
    ON public.mv_channel_performance (tenant_id, date, model_version, channel_code, currency);

CREATE MATERIALIZED VIEW public.mv_allocation_summary AS
SELECT r.tenant_id, r.model_version, r.revenue_date AS date, r.currency,
       r.ledger_cents, r.awaiting_capture_cents, r.allocated_cents,
       r.ledger_cents - r.awaiting_capture_cents - r.allocated_cents AS drift_cents,
       r.ledger_cents - r.awaiting_capture_cents = r.allocated_cents AS is_balanced
FROM public.open_periods o
CROSS JOIN LATERAL (SELECT * FROM public.rollup_allocation_day d
                    WHERE d.tenant_id = o.tenant_id AND d.revenue_date >= o.open_from OFFSET 0) r
WITH NO DATA;
CREATE UNIQUE INDEX idx_mv_allocation_summary
    ON public.mv_allocation_summary (tenant_id, date, model_version, currency);

-- The latest run of a platform is picked by (time, id): two runs may share a moment.
CREATE MATERIALIZED VIEW public.mv_reconciliation_status AS
SELECT DISTINCT ON (tenant_id, platform)
       tenant_id, platform, currency, state, claimed_cents, verified_cents, ghost_cents,
       round((claimed_cents - verified_cents)::numeric * 10000 / nullif(verified_cents, 0), 2) AS discrepancy_bp,
       ran_at, id AS run_id
FROM public.reconciliation_runs
ORDER BY tenant_id, platform, ran_at DESC, id DESC
WITH NO DATA;
CREATE UNIQUE INDEX idx_mv_reconciliation_status ON public.mv_reconciliation_status (tenant_id, platform);

-- The readers: what app_user may see of the views, filtered by its tenant, complete over all days.
-- A view may have no row of a tenant: money came, months ago, and only spend or an uncredited refund since.
-- Then all days are before its first one.
CREATE VIEW public.realtime_revenue WITH (security_barrier) AS
SELECT * FROM public.mv_realtime_revenue WHERE tenant_id = (SELECT public.current_tenant_id());

CREATE VIEW public.daily_revenue_summary WITH (security_barrier) AS
SELECT * FROM public.mv_daily_revenue_summary WHERE tenant_id = (SELECT public.current_tenant_id())
UNION ALL
SELECT tenant_id, revenue_date, currency, state, amount_cents, entries
FROM public.rollup_revenue_day
WHERE tenant_id = (SELECT public.current_tenant_id())
  AND revenue_date < coalesce((SELECT min(m.revenue_date) FROM public.mv_daily_revenue_summary m
                               WHERE m.tenant_id = (SELECT public.current_tenant_id())), 'infinity');

CREATE VIEW public.channel_performance WITH (security_barrier) AS
SELECT * FROM public.mv_channel_performance WHERE tenant_id = (SELECT public.current_tenant_id())
UNION ALL
SELECT tenant_id, model_version, channel_code, revenue_date, currency,
       (conversion_ppt / 1000000000000)::numeric(30, 12), credited_cents, spend_cents,
       round(credited_cents::numeric / nullif(spend_cents, 0), 6)
FROM public.rollup_channel_day
WHERE tenant_id = (SELECT public.current_tenant_id())
  AND revenue_date < coalesce((SELECT min(m.date) FROM public.mv_channel_performance m
                               WHERE m.tenant_id = (SELECT public.current_tenant_id())), 'infinity');

CREATE VIEW public.allocation_summary WITH (security_barrier) AS
SELECT * FROM public.mv_allocation_summary WHERE tenant_id = (SELECT public.current_tenant_id())
UNION ALL
SELECT tenant_id, model_version, revenue_date, currency, ledger_cents, awaiting_capture_cents, allocated_cents,
       ledger_cents - awaiting_capture_cents - allocated_cents,
       ledger_cents - awaiting_capture_cents = allocated_cents
FROM public.rollup_allocation_day
WHERE tenant_id = (SELECT public.current_tenant_id())
  AND revenue_date < coalesce((SELECT min(m.date) FROM public.mv_allocation_summary m
                               WHERE m.tenant_id = (SELECT public.current_tenant_id())), 'infinity');

CREATE VIEW public.reconciliation_status WITH (security_barrier) AS
SELECT * FROM public.mv_reconciliation_status WHERE tenant_id = (SELECT public.current_tenant_id());

-- MAINTAIN refreshes; without SELECT a view's rows are out of reach, except through its reader.
GRANT MAINTAIN ON public.mv_realtime_revenue, public.mv_daily_revenue_summary, public.mv_channel_performance,
    public.mv_allocation_summary, public.mv_reconciliation_status TO app_user;
GRANT SELECT ON public.realtime_revenue, public.daily_revenue_summary, public.channel_performance,
    public.allocation_summary, public.reconciliation_status TO app_user;

-- CONCURRENTLY needs a view that was filled once.
REFRESH MATERIALIZED VIEW public.mv_realtime_revenue;
REFRESH MATERIALIZED VIEW public.mv_daily_revenue_summary;
REFRESH MATERIALIZED VIEW public.mv_channel_performance;
REFRESH MATERIALIZED VIEW public.mv_allocation_summary;
REFRESH MATERIALIZED VIEW public.mv_reconciliation_status;

RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM matview_owner;
