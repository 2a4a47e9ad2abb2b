-- Exchange rates, by which reports convert money of other currencies: how much of a quoted currency one unit of the source's
-- base currency was on a day. A rate that a source states again is a new revision, and the earlier one stays.

SET ROLE skeldir_owner;

CREATE TABLE public.exchange_rates (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    source text COLLATE "C" NOT NULL CHECK (source ~ '^[a-z][a-z0-9_]{0,39}$'),
    base text COLLATE "C" NOT NULL CHECK (base ~ '^[A-Z]{3}$'),
    quote text COLLATE "C" NOT NULL CHECK (quote ~ '^[A-Z]{3}$'),
    day date NOT NULL,
    revision integer NOT NULL CHECK (revision >= 1),
    rate numeric NOT NULL CHECK (rate > 0 AND rate < 1000000000000 AND scale(rate) <= 12),
    reason text NOT NULL CHECK (btrim(reason) <> '' AND length(reason) <= 500),
    recorded_by text NOT NULL CHECK (btrim(recorded_by) <> ''),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source, quote, day, revision),
    CHECK (base <> quote)
);
COMMENT ON COLUMN public.exchange_rates.base IS 'one for all rates of a source';
COMMENT ON COLUMN public.exchange_rates.rate IS 'how many units of the quote one unit of the base is';
COMMENT ON COLUMN public.exchange_rates.reason IS 'the file or route that it came by, or why somebody set it';

ALTER TABLE public.exchange_rates ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.exchange_rates FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.exchange_rates
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

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
                 'reconciliation_runs', 'reconciliation_lines', 'reconciliation_overlaps', 'reconciliations',
                 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'exchange_rates', 'spend', 'ad_days', 'ad_loads', 'touch_withdrawals', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

GRANT SELECT, INSERT ON public.exchange_rates TO app_user;

RESET ROLE;
