-- Fits: what channels earn by what the journeys of some days show, as versions of a tenant that never change.

SET ROLE skeldir_owner;

CREATE TABLE public.model_fits (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    model text COLLATE "C" NOT NULL CHECK (model IN ('markov', 'shapley')),
    version integer NOT NULL CHECK (version > 0),
    made_at timestamptz NOT NULL DEFAULT now(),
    made_by text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day),
    lookback_days integer NOT NULL CHECK (lookback_days > 0),
    chain_order smallint CHECK (chain_order BETWEEN 1 AND 4),
    collapse_repeats boolean,
    level_percent smallint NOT NULL CHECK (level_percent BETWEEN 50 AND 99),
    draws integer NOT NULL CHECK (draws > 0),
    seed integer NOT NULL CHECK (seed >= 0),
    journeys bigint NOT NULL,
    conversions bigint NOT NULL CHECK (conversions BETWEEN 1 AND journeys),
    touches bigint NOT NULL CHECK (touches >= journeys),
    data_sha256 bytea NOT NULL CHECK (length(data_sha256) = 32),
    result jsonb NOT NULL CHECK (public.holds_no_personal_keys(result)),
    PRIMARY KEY (tenant_id, model, version),
    CHECK (CASE model WHEN 'markov' THEN chain_order IS NOT NULL AND collapse_repeats IS NOT NULL
                      ELSE chain_order IS NULL AND collapse_repeats IS NULL END)
);
COMMENT ON COLUMN public.model_fits.lookback_days IS 'how far before its end a journey''s touches count';
COMMENT ON COLUMN public.model_fits.level_percent IS 'how many of a hundred draws an interval holds';
COMMENT ON COLUMN public.model_fits.journeys IS 'journeys with a touch that ended on the days';
COMMENT ON COLUMN public.model_fits.conversions IS 'those of them that ended with an order';
COMMENT ON COLUMN public.model_fits.data_sha256 IS 'of the counts: the same data in any order has the same';
COMMENT ON COLUMN public.model_fits.result IS 'what was found of each channel';

ALTER TABLE public.model_fits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.model_fits FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.model_fits USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

GRANT SELECT, INSERT (tenant_id, model, version, made_by, first_day, last_day, lookback_days, chain_order, collapse_repeats,
                      level_percent, draws, seed, journeys, conversions, touches, data_sha256, result)
    ON public.model_fits TO app_user;

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
                 'model_fits', 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

RESET ROLE;
