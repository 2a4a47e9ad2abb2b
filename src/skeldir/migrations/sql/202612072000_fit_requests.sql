-- Fits that were asked for: with which parameters, by whom, and what became of them. A job makes them.

SET ROLE skeldir_owner;

CREATE TABLE public.fit_requests (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    model text COLLATE "C" NOT NULL CHECK (model IN ('markov', 'shapley')),
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day),
    lookback_days integer NOT NULL CHECK (lookback_days > 0),
    chain_order smallint CHECK (chain_order BETWEEN 1 AND 4),
    collapse_repeats boolean,
    level_percent smallint NOT NULL CHECK (level_percent BETWEEN 50 AND 99),
    draws integer NOT NULL CHECK (draws > 0),
    seed integer NOT NULL CHECK (seed >= 0),
    asked_by text NOT NULL CHECK (btrim(asked_by) <> ''),
    asked_at timestamptz NOT NULL DEFAULT now(),
    version integer CHECK (version > 0),
    code text COLLATE "C",
    detail text,
    cure text,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (CASE model WHEN 'markov' THEN collapse_repeats IS NOT NULL
                      ELSE chain_order IS NULL AND collapse_repeats IS NULL END),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((state = 'done') = (version IS NOT NULL)),
    CHECK (num_nonnulls(code, detail, cure) = CASE state WHEN 'refused' THEN 3 ELSE 0 END)
);
COMMENT ON COLUMN public.fit_requests.chain_order IS 'null for a Markov chain: it is chosen by cross-validation';
COMMENT ON COLUMN public.fit_requests.version IS 'of the model: the fit that was made';
COMMENT ON COLUMN public.fit_requests.code IS 'of the error for which it was refused; detail and cure are its sentences';
CREATE INDEX idx_fit_requests_asked ON public.fit_requests (tenant_id, asked_at DESC, id DESC);

-- One at a time per tenant.
CREATE UNIQUE INDEX idx_fit_requests_waiting ON public.fit_requests (tenant_id) WHERE state = 'waiting';

ALTER TABLE public.fit_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.fit_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.fit_requests USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

GRANT SELECT, INSERT (tenant_id, id, model, first_day, last_day, lookback_days, chain_order, collapse_repeats, level_percent,
                      draws, seed, asked_by),
      UPDATE (state, version, code, detail, cure, ended_at)
    ON public.fit_requests TO app_user;

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
                 'fit_requests', 'lift_tests', 'kept_journeys', 'kept_lookbacks', 'model_fits', 'model_changes',
                 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

RESET ROLE;
