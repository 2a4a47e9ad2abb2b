-- Which orders are later payments of a subscription, whose credit is counted as that of renewals, and the sums of both
-- beside the sums of everything. A report without renewals is the difference. No row is written: columns take their
-- default from the catalogue.

SET ROLE skeldir_owner;

CREATE TABLE public.renewal_orders (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    order_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, order_id)
);
CREATE TABLE public.credited_renewals (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    order_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, order_id)
);

ALTER TABLE public.renewal_orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.renewal_orders FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.renewal_orders
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.credited_renewals ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.credited_renewals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.credited_renewals
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

ALTER TABLE public.rollup_revenue_day ADD COLUMN renewal_cents bigint NOT NULL DEFAULT 0;
ALTER TABLE public.rollup_revenue_day ADD COLUMN renewal_entries bigint NOT NULL DEFAULT 0;
ALTER TABLE public.rollup_revenue_day ADD COLUMN renewal_orders bigint NOT NULL DEFAULT 0;
ALTER TABLE public.rollup_revenue_total ADD COLUMN renewal_cents numeric NOT NULL DEFAULT 0;
ALTER TABLE public.rollup_revenue_total ADD COLUMN renewal_entries bigint NOT NULL DEFAULT 0;
ALTER TABLE public.rollup_revenue_total ADD COLUMN renewal_orders bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN public.rollup_revenue_day.renewal_cents IS 'the part of amount_cents that is of renewals';
COMMENT ON COLUMN public.rollup_revenue_total.renewal_cents IS 'the part of amount_cents that is of renewals';

-- Rows of the basis `renewal` hold the part of the rows of the basis `entry` that is credited for renewals.
ALTER TABLE public.rollup_channel_day DROP CONSTRAINT rollup_channel_day_basis_check;
ALTER TABLE public.rollup_channel_day
    ADD CONSTRAINT rollup_channel_day_basis_check CHECK (basis IN ('entry', 'renewal'));
ALTER TABLE public.credit_journal DROP CONSTRAINT credit_journal_basis_check;
ALTER TABLE public.credit_journal
    ADD CONSTRAINT credit_journal_basis_check CHECK (basis IN ('entry', 'renewal'));

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'privacy_requests', 'erasures', 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints',
                 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'renewal_orders', 'credited_renewals', 'credit_turns', 'orders_set_aside',
                 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

GRANT SELECT, INSERT, DELETE ON public.renewal_orders TO app_user;
GRANT SELECT, INSERT, DELETE ON public.credited_renewals TO app_user;
GRANT UPDATE (renewal_cents, renewal_entries, renewal_orders) ON public.rollup_revenue_total TO app_user;

RESET ROLE;
