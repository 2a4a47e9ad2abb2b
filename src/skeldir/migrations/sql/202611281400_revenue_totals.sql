-- The money of all days, added up: what it comes to is one look, however many days there are. A roll-up takes off what
-- its days were and adds what they are, in the statements that change the days. `last_entry_at` never goes back, for the
-- ledger only grows. An entry whose state a late capture changed may leave it behind in the state before, so it is right
-- for a currency and need not be for each of its states. A state that no entry has any more stays, with 0 entries.

SET ROLE skeldir_owner;

CREATE TABLE public.rollup_revenue_total (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    currency text NOT NULL,
    state text NOT NULL,
    amount_cents numeric NOT NULL,
    entries bigint NOT NULL,
    orders bigint NOT NULL,
    last_entry_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, currency, state)
);

-- Of all tenants: the owner sees their rows only while FORCE ROW LEVEL SECURITY is lifted. Were a policy to hide one
-- nevertheless, the statement would fail.
ALTER TABLE public.rollup_revenue_day NO FORCE ROW LEVEL SECURITY;
SET LOCAL row_security = off;
INSERT INTO public.rollup_revenue_total (tenant_id, currency, state, amount_cents, entries, orders, last_entry_at)
SELECT tenant_id, currency, state, sum(amount_cents), sum(entries), sum(orders), max(last_entry_at)
FROM public.rollup_revenue_day
GROUP BY tenant_id, currency, state
RETURNING 1;
SET LOCAL row_security = on;
ALTER TABLE public.rollup_revenue_day FORCE ROW LEVEL SECURITY;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'revenue_ledger']
$$;

ALTER TABLE public.rollup_revenue_total ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rollup_revenue_total FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.rollup_revenue_total
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
CREATE POLICY matview_owner_reads ON public.rollup_revenue_total FOR SELECT TO matview_owner USING (true);

GRANT SELECT, INSERT, DELETE ON public.rollup_revenue_total TO app_user;
GRANT UPDATE (amount_cents, entries, orders, last_entry_at) ON public.rollup_revenue_total TO app_user;
GRANT SELECT ON public.rollup_revenue_total TO matview_owner;

RESET ROLE;
