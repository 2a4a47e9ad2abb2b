-- Rules of a tenant's own, which give a touch or a campaign its channel before the common ones: each version as it was
-- written, and the turns by which a version, or none, came into force.

SET ROLE skeldir_owner;

CREATE TABLE public.channel_rules (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    version integer NOT NULL CHECK (version >= 1),
    document text NOT NULL CHECK (length(document) <= 32768),
    reason text NOT NULL CHECK (btrim(reason) <> '' AND length(reason) <= 500),
    written_by text NOT NULL CHECK (btrim(written_by) <> ''),
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, version)
);
COMMENT ON COLUMN public.channel_rules.document IS 'the rules in order, as TOML';

CREATE TABLE public.channel_rule_turns (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    turn integer NOT NULL CHECK (turn >= 1),
    version integer,
    undoing_id uuid NOT NULL,
    reason text NOT NULL CHECK (btrim(reason) <> '' AND length(reason) <= 500),
    requested_by text NOT NULL CHECK (btrim(requested_by) <> ''),
    requested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, turn),
    FOREIGN KEY (tenant_id, version) REFERENCES public.channel_rules (tenant_id, version)
);
COMMENT ON COLUMN public.channel_rule_turns.version IS 'the version in force from this turn on; null: the common rules only';
COMMENT ON COLUMN public.channel_rule_turns.undoing_id IS 'the restating of recorded touches that it began';

ALTER TABLE public.channel_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.channel_rules FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.channel_rules
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.channel_rule_turns ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.channel_rule_turns FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.channel_rule_turns
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

ALTER TABLE public.ad_days ADD COLUMN common_channel text COLLATE "C", ADD COLUMN common_rule text COLLATE "C";
ALTER TABLE public.ad_days ADD CONSTRAINT ad_days_common_check CHECK ((common_channel IS NULL) = (common_rule IS NULL));
COMMENT ON COLUMN public.ad_days.common_channel IS 'what the common rules give the campaign, where a rule of the tenant chose';

ALTER TABLE public.ad_loads DROP CONSTRAINT ad_loads_kind_check;
ALTER TABLE public.ad_loads ADD CONSTRAINT ad_loads_kind_check CHECK (kind IN ('file', 'api', 'withdrawal', 'rules'));

DROP FUNCTION public.open_tenant(uuid, bigint);

CREATE FUNCTION public.open_tenant(tenant uuid, shared_lock bigint)
RETURNS TABLE (name text, journey_secret bytea, own_channels text[],
               own_hosts text[], rules_version integer, rules_document text)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    IF public.current_tenant_id() <> tenant THEN
        RETURN;
    END IF;
    PERFORM public.set_tenant(tenant);
    IF shared_lock IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(shared_lock);
    END IF;
    RETURN QUERY
        SELECT t.name, t.journey_secret,
               coalesce((SELECT array_agg(c.code) FROM public.channels c WHERE c.tenant_id = tenant), '{}'),
               coalesce((SELECT array_agg(h.host) FROM public.tenant_hosts h WHERE h.tenant_id = tenant), '{}'),
               r.version, r.document
        FROM public.tenants t
        LEFT JOIN public.channel_rules r
          ON r.tenant_id = tenant
             AND r.version = (SELECT u.version FROM public.channel_rule_turns u
                              WHERE u.tenant_id = tenant ORDER BY u.turn DESC LIMIT 1)
        WHERE t.id = tenant;
END
$$;

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
                 'imports', 'channel_rule_turns', 'channel_rules', 'exchange_rates', 'spend', 'ad_days', 'ad_loads',
                 'touch_withdrawals', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

GRANT SELECT, INSERT ON public.channel_rules, public.channel_rule_turns TO app_user;

RESET ROLE;
