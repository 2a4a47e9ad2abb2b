-- Reports that a tenant's members open again and again: addresses of this site's reports, each under a name.

SET ROLE skeldir_owner;

CREATE TABLE public.saved_reports (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 80 AND name !~ '[[:cntrl:]]'),
    path text COLLATE "C" NOT NULL CHECK (path ~ '^/[a-z]{1,40}$'),
    query text COLLATE "C" NOT NULL CHECK (length(query) <= 1000 AND query ~ '^[!-~]*$'),
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN public.saved_reports.path IS 'which report: the path of its page';
COMMENT ON COLUMN public.saved_reports.query IS 'its parameters, as an address has them';
CREATE UNIQUE INDEX idx_saved_reports_name ON public.saved_reports (tenant_id, path, name);

ALTER TABLE public.saved_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.saved_reports FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.saved_reports USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

GRANT SELECT, DELETE, INSERT (tenant_id, id, name, path, query), UPDATE (name, query, saved_at)
    ON public.saved_reports TO app_user;

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
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

RESET ROLE;
