-- A reader reads the view first and the sums of the older days then, in one snapshot, instead of both in one statement:
-- the view stays on one server when the sums are distributed. The rows stay the same. See docs/decisions/0020.

GRANT CREATE ON SCHEMA public TO matview_owner;
SET ROLE matview_owner;

-- They run with the rights of the views' owner, who sees all tenants, and so each statement asks for the current one: by a
-- constant, so that on Citus it goes to the tenant's node alone. They do not return rows of the views' types, on which
-- Citus would see the views depend in a circle; so the readers restore collations and digits.
CREATE FUNCTION public.read_daily_revenue_summary() RETURNS TABLE (
    tenant_id uuid, revenue_date date, currency text, state text, amount_cents bigint, entries bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    tenant CONSTANT uuid := public.current_tenant_id();
    first_day date;
BEGIN
    SELECT min(m.revenue_date) INTO first_day FROM public.mv_daily_revenue_summary m
    WHERE m.tenant_id = tenant;
    RETURN QUERY SELECT m.* FROM public.mv_daily_revenue_summary m WHERE m.tenant_id = tenant;
    RETURN QUERY
        SELECT r.tenant_id, r.revenue_date, r.currency, r.state, r.amount_cents, r.entries
        FROM public.rollup_revenue_day r
        WHERE r.tenant_id = tenant AND r.revenue_date < coalesce(first_day, 'infinity');
END
$$;

CREATE FUNCTION public.read_channel_performance() RETURNS TABLE (
    tenant_id uuid, model_version text, channel_code text, date date, currency text, credited_conversions numeric,
    credited_cents bigint, spend_cents bigint, roas numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    tenant CONSTANT uuid := public.current_tenant_id();
    first_day date;
BEGIN
    SELECT min(m.date) INTO first_day FROM public.mv_channel_performance m
    WHERE m.tenant_id = tenant;
    RETURN QUERY SELECT m.* FROM public.mv_channel_performance m WHERE m.tenant_id = tenant;
    RETURN QUERY
        SELECT r.tenant_id, r.model_version, r.channel_code, r.revenue_date, r.currency,
               (r.conversion_ppt / 1000000000000)::numeric(30, 12), r.credited_cents, r.spend_cents,
               round(r.credited_cents::numeric / nullif(r.spend_cents, 0), 6)
        FROM public.rollup_channel_day r
        WHERE r.tenant_id = tenant
          AND r.basis = 'entry' AND r.revenue_date < coalesce(first_day, 'infinity');
END
$$;

CREATE FUNCTION public.read_allocation_summary() RETURNS TABLE (
    tenant_id uuid, model_version text, date date, currency text, ledger_cents bigint, awaiting_capture_cents bigint,
    allocated_cents bigint, drift_cents bigint, is_balanced boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    tenant CONSTANT uuid := public.current_tenant_id();
    first_day date;
BEGIN
    SELECT min(m.date) INTO first_day FROM public.mv_allocation_summary m
    WHERE m.tenant_id = tenant;
    RETURN QUERY SELECT m.* FROM public.mv_allocation_summary m WHERE m.tenant_id = tenant;
    RETURN QUERY
        SELECT r.tenant_id, r.model_version, r.revenue_date, r.currency, r.ledger_cents, r.awaiting_capture_cents,
               r.allocated_cents, r.ledger_cents - r.awaiting_capture_cents - r.allocated_cents,
               r.ledger_cents - r.awaiting_capture_cents = r.allocated_cents
        FROM public.rollup_allocation_day r
        WHERE r.tenant_id = tenant AND r.revenue_date < coalesce(first_day, 'infinity');
END
$$;

CREATE OR REPLACE VIEW public.daily_revenue_summary WITH (security_barrier) AS
SELECT tenant_id, revenue_date, currency, state, amount_cents, entries FROM public.read_daily_revenue_summary();

CREATE OR REPLACE VIEW public.channel_performance WITH (security_barrier) AS
SELECT tenant_id, model_version COLLATE "C" AS model_version, channel_code COLLATE "C" AS channel_code, date, currency,
       credited_conversions::numeric(30, 12) AS credited_conversions, credited_cents, spend_cents, roas
FROM public.read_channel_performance();

CREATE OR REPLACE VIEW public.allocation_summary WITH (security_barrier) AS
SELECT tenant_id, model_version COLLATE "C" AS model_version, date, currency, ledger_cents, awaiting_capture_cents,
       allocated_cents, drift_cents, is_balanced
FROM public.read_allocation_summary();

-- All grants are given by one role, which may act as the views' owner.
RESET ROLE;
REVOKE ALL ON FUNCTION public.read_daily_revenue_summary(), public.read_channel_performance(),
    public.read_allocation_summary() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.read_daily_revenue_summary(), public.read_channel_performance(),
    public.read_allocation_summary() TO app_user;
REVOKE CREATE ON SCHEMA public FROM matview_owner;
