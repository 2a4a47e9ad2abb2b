-- What ad platforms' exports say, day by day: what a campaign cost, and what the platform claims it brought. A restated day
-- is a new revision, and the earlier one stays. `spend` gets the differences, so that its sums are the latest costs.

SET ROLE skeldir_owner;

CREATE TABLE public.ad_loads (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('file', 'api', 'withdrawal')),
    source text NOT NULL,
    digest text COLLATE "C" NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    platforms text[] COLLATE "C" NOT NULL,
    time_zone text,
    is_incomplete boolean NOT NULL,
    source_rows bigint NOT NULL CHECK (source_rows >= 0),
    totals jsonb NOT NULL CHECK (public.holds_no_personal_keys(totals)),
    new_days bigint NOT NULL,
    restated_days bigint NOT NULL,
    unchanged_days bigint NOT NULL,
    recorded_by text NOT NULL CHECK (btrim(recorded_by) <> ''),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN public.ad_loads.source IS 'the file''s name, or the route that it came by';
COMMENT ON COLUMN public.ad_loads.digest IS 'the SHA-256 of the file or the request''s body';
COMMENT ON COLUMN public.ad_loads.time_zone IS 'the zone of the days as the source states it; null: that of the ad account';
COMMENT ON COLUMN public.ad_loads.is_incomplete IS 'the platform said that data may be missing';
COMMENT ON COLUMN public.ad_loads.totals IS 'currency to the cost in its smallest unit, as the source has it';
CREATE INDEX idx_ad_loads_recorded ON public.ad_loads (tenant_id, recorded_at);

CREATE TABLE public.ad_days (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    platform text COLLATE "C" NOT NULL CHECK (platform ~ '^[a-z][a-z0-9_]{0,39}$'),
    account text COLLATE "C" NOT NULL CHECK (btrim(account) <> '' AND length(account) <= 200),
    campaign text COLLATE "C" NOT NULL CHECK (btrim(campaign) <> '' AND length(campaign) <= 300),
    campaign_name text,
    day date NOT NULL,
    currency text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    revision integer NOT NULL CHECK (revision >= 1),
    cost_cents bigint,
    impressions bigint,
    clicks bigint,
    claim_type text,
    claims_millionths bigint,
    claimed_cents bigint,
    attribution_setting text,
    channel_code text COLLATE "C" NOT NULL,
    channel_rule text COLLATE "C" NOT NULL,
    load_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, platform, account, campaign, day, currency, revision)
);
COMMENT ON COLUMN public.ad_days.campaign IS 'the campaign''s id at the platform, or "name:" and its name where the source has no id';
COMMENT ON COLUMN public.ad_days.day IS 'a day of the ad account''s own time zone';
COMMENT ON COLUMN public.ad_days.cost_cents IS 'null: the source does not say';
COMMENT ON COLUMN public.ad_days.claims_millionths IS 'conversions that the platform claims, in millionths: they may be fractions';
COMMENT ON COLUMN public.ad_days.claim_type IS 'which of the platform''s conversions these are; one, never a sum of several';
COMMENT ON COLUMN public.ad_days.channel_rule IS 'the rule that chose the channel, or "given"';
CREATE INDEX idx_ad_days_day ON public.ad_days (tenant_id, day);
CREATE INDEX idx_ad_days_load ON public.ad_days (tenant_id, load_id);

ALTER TABLE public.ad_loads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ad_loads FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.ad_loads
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.ad_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ad_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.ad_days
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
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'ad_days', 'ad_loads', 'touch_withdrawals', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

GRANT SELECT, INSERT ON public.ad_loads, public.ad_days TO app_user;

RESET ROLE;
