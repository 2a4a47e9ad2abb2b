-- Comparisons of what ad platforms claim with the ledger: who asked for which days and model, the lines by campaign and day
-- as they were found, and the orders that several platforms may claim. They are kept, and no line is ever changed.

SET ROLE skeldir_owner;

CREATE TABLE public.reconciliations (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    first_day date NOT NULL,
    last_day date NOT NULL,
    platform text COLLATE "C",
    model_version text COLLATE "C" NOT NULL,
    time_zone text,
    orders bigint,
    left_out_orders bigint,
    unplaced jsonb NOT NULL DEFAULT '{}' CHECK (public.holds_no_personal_keys(unplaced)),
    error text,
    requested_by text NOT NULL CHECK (btrim(requested_by) <> ''),
    requested_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (first_day <= last_day)
);
COMMENT ON COLUMN public.reconciliations.platform IS 'only this platform; null: all';
COMMENT ON COLUMN public.reconciliations.model_version IS 'the model whose credit is compared with the claims';
COMMENT ON COLUMN public.reconciliations.time_zone IS 'the zone of the days of orders; the days of claims are of the ad account';
COMMENT ON COLUMN public.reconciliations.left_out_orders IS 'orders of the days whose journeys could not be read';
COMMENT ON COLUMN public.reconciliations.unplaced IS 'currency to the credit of touches that could be of several platforms or whose campaign was forgotten';
COMMENT ON COLUMN public.reconciliations.error IS 'the latest fault';
CREATE INDEX idx_reconciliations_requested ON public.reconciliations (tenant_id, requested_at DESC, id DESC);

-- One at a time per tenant.
CREATE UNIQUE INDEX idx_reconciliations_waiting ON public.reconciliations (tenant_id) WHERE state = 'waiting';

CREATE TABLE public.reconciliation_lines (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    reconciliation_id uuid NOT NULL,
    platform text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    campaign text COLLATE "C" NOT NULL,
    campaign_name text,
    day date NOT NULL,
    currency text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    claim_type text,
    attribution_setting text,
    claimed_cents bigint,
    verified_cents bigint NOT NULL,
    reversed_cents bigint NOT NULL,
    ghost_cents bigint CHECK (ghost_cents >= 0),
    missed_cents bigint CHECK (missed_cents >= 0),
    difference_bp numeric,
    timing_cents bigint NOT NULL CHECK (timing_cents >= 0),
    reason text COLLATE "C" NOT NULL
        CHECK (reason IN ('none', 'unknown', 'timing', 'currency', 'missing_in_ledger', 'missing_at_platform', 'amount')),
    PRIMARY KEY (tenant_id, reconciliation_id, platform, account, campaign, day, currency),
    CHECK ((claimed_cents IS NULL) = (ghost_cents IS NULL) AND (claimed_cents IS NULL) = (missed_cents IS NULL)),
    CHECK (claimed_cents - verified_cents = ghost_cents - missed_cents)
);
COMMENT ON COLUMN public.reconciliation_lines.account IS 'empty, as the campaign: touches name a campaign that the platform has several of';
COMMENT ON COLUMN public.reconciliation_lines.claimed_cents IS 'null: the platform says nothing of this day, which is unknown, and not 0';
COMMENT ON COLUMN public.reconciliation_lines.verified_cents IS 'captured money, by the day of the order, that the model credits to touches of the campaign';
COMMENT ON COLUMN public.reconciliation_lines.reversed_cents IS 'what later entries took from it: refunds and disputes, less what came back';
COMMENT ON COLUMN public.reconciliation_lines.difference_bp IS 'of the verified money, in hundredths of a percent; 10000 if only the claim is not 0';
COMMENT ON COLUMN public.reconciliation_lines.timing_cents IS 'how much of the difference the next or the previous day compensates';

CREATE TABLE public.reconciliation_overlaps (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    reconciliation_id uuid NOT NULL,
    platform text COLLATE "C" NOT NULL,
    other_platform text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    orders bigint NOT NULL CHECK (orders > 0),
    captured_cents bigint NOT NULL,
    PRIMARY KEY (tenant_id, reconciliation_id, platform, other_platform, currency),
    CHECK (platform < other_platform)
);
COMMENT ON COLUMN public.reconciliation_overlaps.orders IS 'orders of the days with touches of both platforms, each of which may claim them';

-- Null: a row from before comparisons were kept.
ALTER TABLE public.reconciliation_runs ADD COLUMN reconciliation_id uuid;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['reconciliations', 'reconciliation_lines', 'reconciliation_overlaps'] LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant_isolation ON public.%I USING (tenant_id = (SELECT public.current_tenant_id()))'
                       ' WITH CHECK (tenant_id = (SELECT public.current_tenant_id()))', tenant_table);
    END LOOP;
END
$$;

GRANT SELECT, INSERT ON public.reconciliation_lines, public.reconciliation_overlaps, public.reconciliations TO app_user;
GRANT UPDATE (state, time_zone, orders, left_out_orders, unplaced, error, ended_at) ON public.reconciliations TO app_user;

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
                 'imports', 'spend', 'ad_days', 'ad_loads', 'touch_withdrawals', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

RESET ROLE;
