-- The reporting time zones of each tenant: written once, never changed. The one with the highest turn is in force; a tenant
-- without any reports by the days of UTC.

SET ROLE skeldir_owner;

-- The rules are stored, since those of a machine change with its release of the zone data: from `changes[i]` on, local time
-- is `offsets_s[i + 1]` seconds ahead of UTC, and before the first change `offsets_s[1]`. `turn` is that of the credit
-- whose changes in the journal moved the sums to the days of this zone; that of a tenant's first zone, without sums, is 0.
CREATE TABLE public.time_zones (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    turn bigint NOT NULL CHECK (turn >= 0),
    time_zone text NOT NULL CHECK (time_zone <> ''),
    changes timestamptz[] NOT NULL,
    offsets_s integer[] NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL CHECK (changed_by <> ''),
    PRIMARY KEY (tenant_id, turn),
    CHECK (cardinality(offsets_s) = cardinality(changes) + 1)
);

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

ALTER TABLE public.time_zones ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.time_zones FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.time_zones
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

GRANT SELECT, INSERT ON public.time_zones TO app_user;

RESET ROLE;
