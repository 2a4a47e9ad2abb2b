-- Credit is added to the sums of a day instead of summing the day again; the views hold 35 days. See docs/decisions/0009.
-- The totals of all days are numeric.

SET ROLE skeldir_owner;

-- What credit runs did to the sums of days and is not in rollup_channel_day yet: signed differences, written in the
-- transaction that replaced the allocations, deleted by the rollup that added them.
CREATE TABLE public.credit_changes (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    revenue_date date NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    channel_code text COLLATE "C" NOT NULL,
    currency text NOT NULL,
    conversion_ppt numeric NOT NULL,
    credited_cents bigint NOT NULL,
    allocations bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE public.credit_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE public.credit_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.credit_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.credit_changes USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
GRANT SELECT, INSERT, DELETE ON public.credit_changes TO app_user;

-- How many allocations a sum has in it: a sum of 0 that nothing is in any more goes, one of a refunded order stays.
ALTER TABLE public.rollup_channel_day ADD COLUMN allocations bigint NOT NULL DEFAULT 0;
GRANT UPDATE (conversion_ppt, credited_cents, allocations) ON public.rollup_channel_day TO app_user;

-- A mark asks for the sums of revenue alone, whose credit comes as changes, or for all sums of the day.
ALTER TABLE public.dirty_days ADD COLUMN sums text NOT NULL DEFAULT 'all' CHECK (sums IN ('all', 'revenue'));

RESET ROLE;

GRANT CREATE ON SCHEMA public TO matview_owner;
SET ROLE matview_owner;
CREATE OR REPLACE VIEW public.open_periods AS
SELECT t.id AS tenant_id,
       greatest((SELECT max(r.revenue_date) FROM public.rollup_revenue_day r WHERE r.tenant_id = t.id),
                (SELECT max(c.revenue_date) FROM public.rollup_channel_day c WHERE c.tenant_id = t.id)) - 34 AS open_from
FROM public.tenants t;

-- Each day of a tenant fits a bigint, all of them together need not: one tenant's money must not stop the refresh of all.
DROP VIEW public.realtime_revenue;
DROP MATERIALIZED VIEW public.mv_realtime_revenue;
CREATE MATERIALIZED VIEW public.mv_realtime_revenue AS
SELECT tenant_id,
       currency,
       coalesce(sum(amount_cents) FILTER (WHERE state = 'captured'), 0) AS captured_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('refunded', 'refund_reversed', 'awaiting_capture')), 0)
           AS refunded_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('disputed', 'dispute_reversed', 'dispute_awaiting_capture')), 0)
           AS disputed_cents,
       sum(amount_cents) AS net_cents,
       sum(orders)::bigint AS orders,
       max(last_entry_at) AS last_entry_at
FROM public.rollup_revenue_day
GROUP BY tenant_id, currency
WITH NO DATA;
CREATE UNIQUE INDEX idx_mv_realtime_revenue ON public.mv_realtime_revenue (tenant_id, currency);
CREATE VIEW public.realtime_revenue WITH (security_barrier) AS
SELECT * FROM public.mv_realtime_revenue WHERE tenant_id = (SELECT public.current_tenant_id());
GRANT MAINTAIN ON public.mv_realtime_revenue TO app_user;
GRANT SELECT ON public.realtime_revenue TO app_user;
REFRESH MATERIALIZED VIEW public.mv_realtime_revenue;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM matview_owner;
