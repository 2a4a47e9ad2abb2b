-- Lift tests: what experiments measured of channels, as revisions that never change.

SET ROLE skeldir_owner;

CREATE TABLE public.lift_tests (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    experiment text COLLATE "C" NOT NULL CHECK (length(experiment) BETWEEN 1 AND 200),
    channel_code text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL CHECK (measure IN ('conversions', 'value')),
    currency text COLLATE "C" NOT NULL CHECK (CASE measure WHEN 'value' THEN currency ~ '^[A-Z]{3}$' ELSE currency = '' END),
    revision integer NOT NULL CHECK (revision > 0),
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day),
    incremental bigint NOT NULL,
    lower_end bigint NOT NULL,
    upper_end bigint NOT NULL,
    level_percent smallint NOT NULL CHECK (level_percent BETWEEN 50 AND 99),
    source text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by text NOT NULL,
    PRIMARY KEY (tenant_id, experiment, channel_code, measure, currency, revision),
    CHECK (incremental BETWEEN lower_end AND upper_end)
);
COMMENT ON COLUMN public.lift_tests.currency IS 'of a value; empty for conversions';
COMMENT ON COLUMN public.lift_tests.revision IS 'the highest is what the test says now';
COMMENT ON COLUMN public.lift_tests.incremental IS 'what the channel added: minor units of the currency, or millionths of conversions';
COMMENT ON COLUMN public.lift_tests.lower_end IS 'of the interval that the test states, in the same units; upper_end likewise';
COMMENT ON COLUMN public.lift_tests.source IS 'the name of the file';

ALTER TABLE public.lift_tests ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.lift_tests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.lift_tests USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

GRANT SELECT, INSERT (tenant_id, experiment, channel_code, measure, currency, revision, first_day, last_day, incremental,
                      lower_end, upper_end, level_percent, source, recorded_by)
    ON public.lift_tests TO app_user;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'invitations', 'memberships', 'audit_log', 'saved_reports', 'notice_deliveries',
                 'notice_destinations', 'alerts',
                 'privacy_requests', 'erasures', 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints',
                 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'renewal_orders', 'credited_renewals', 'credit_turns', 'orders_set_aside',
                 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'reconciliation_lines', 'reconciliation_overlaps', 'reconciliations',
                 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'channel_rule_turns', 'channel_rules', 'exchange_rates', 'spend', 'ad_days', 'ad_loads',
                 'touch_withdrawals', 'touch_corrections', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'lift_tests', 'kept_journeys', 'kept_lookbacks', 'model_fits', 'model_changes', 'attribution_models',
                 'retention', 'time_zones', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

RESET ROLE;
