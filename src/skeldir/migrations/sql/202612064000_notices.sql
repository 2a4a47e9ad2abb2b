-- Notices: where a tenant's weekly digests and alerts are sent to, each delivery with what became of it, and the alerts.

SET ROLE skeldir_owner;

CREATE TABLE public.notice_destinations (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('email', 'webhook')),
    address text COLLATE "C" CHECK (length(address) <= 500 AND address !~ '[[:space:][:cntrl:]]'),
    language text COLLATE "C" NOT NULL CHECK (language IN ('en', 'de', 'fr')),
    gets_digest boolean NOT NULL,
    gets_alerts boolean NOT NULL,
    sealing_key text COLLATE "C",
    sealed bytea,
    made_by text NOT NULL CHECK (btrim(made_by) <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (gets_digest OR gets_alerts),
    CHECK ((address IS NULL) = (removed_at IS NOT NULL)),
    CHECK ((sealed IS NULL) = (sealing_key IS NULL)),
    CHECK ((kind = 'webhook' AND removed_at IS NULL) = (sealed IS NOT NULL))
);
COMMENT ON COLUMN public.notice_destinations.address IS 'an e-mail address or a URL; forgotten when the destination is removed';
COMMENT ON COLUMN public.notice_destinations.sealing_key IS 'the id of the key that opens the secret';
COMMENT ON COLUMN public.notice_destinations.sealed IS 'the secret that a webhook is signed with, encrypted';
CREATE UNIQUE INDEX idx_notice_destinations_address ON public.notice_destinations (tenant_id, kind, address)
    WHERE removed_at IS NULL;

CREATE TABLE public.notice_deliveries (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    destination_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('digest', 'test', 'alert')),
    week date,
    contents jsonb NOT NULL CHECK (public.holds_no_personal_keys(contents)),
    state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error text CHECK (length(error) <= 500),
    made_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, destination_id) REFERENCES public.notice_destinations (tenant_id, id),
    CHECK ((kind = 'digest') = (week IS NOT NULL)),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
COMMENT ON COLUMN public.notice_deliveries.week IS 'the first day of the week that a digest is of';
COMMENT ON COLUMN public.notice_deliveries.contents IS 'what it says, as they were when the delivery was made: each attempt sends the same';
COMMENT ON COLUMN public.notice_deliveries.error IS 'why the latest attempt failed';
-- One digest of a week for each destination, whoever makes it.
CREATE UNIQUE INDEX idx_notice_deliveries_week ON public.notice_deliveries (tenant_id, destination_id, week);
CREATE INDEX idx_notice_deliveries_made ON public.notice_deliveries (tenant_id, made_at DESC, id DESC);

CREATE TABLE public.alerts (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('reports_late', 'views_late', 'credit_differs', 'audit_differs',
                                                   'match_rate_fell', 'webhook_silent')),
    subject text COLLATE "C" NOT NULL CHECK (length(subject) <= 100),
    figures jsonb NOT NULL CHECK (public.holds_no_personal_keys(figures)),
    opened_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    noticed_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (closed_at >= opened_at)
);
COMMENT ON COLUMN public.alerts.subject IS 'a currency, or the id of an endpoint; empty: the tenant';
COMMENT ON COLUMN public.alerts.figures IS 'what the latest check found';
COMMENT ON COLUMN public.alerts.noticed_at IS 'when destinations were last written to of it';
-- One is open of a kind and subject.
CREATE UNIQUE INDEX idx_alerts_open ON public.alerts (tenant_id, kind, subject) WHERE closed_at IS NULL;
CREATE INDEX idx_alerts_opened ON public.alerts (tenant_id, opened_at DESC, id DESC);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['notice_destinations', 'notice_deliveries', 'alerts'] LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant_isolation ON public.%I USING (tenant_id = (SELECT public.current_tenant_id()))'
                       ' WITH CHECK (tenant_id = (SELECT public.current_tenant_id()))', tenant_table);
    END LOOP;
END
$$;

GRANT SELECT ON public.notice_destinations, public.notice_deliveries, public.alerts TO app_user;
GRANT INSERT, UPDATE (figures, checked_at, noticed_at, closed_at) ON public.alerts TO app_user;
GRANT INSERT (tenant_id, id, kind, address, language, gets_digest, gets_alerts, sealing_key, sealed, made_by),
    UPDATE (address, sealing_key, sealed, removed_at) ON public.notice_destinations TO app_user;
GRANT INSERT (tenant_id, id, destination_id, kind, week, contents),
    UPDATE (state, attempts, error, ended_at) ON public.notice_deliveries TO app_user;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'invitations', 'memberships', 'audit_log', 'notice_deliveries', 'notice_destinations', 'alerts',
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
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

RESET ROLE;
