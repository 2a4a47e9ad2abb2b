-- Write keys, which are public: what each may send and from where; and orders that browsers claim, which are no money.

SET ROLE skeldir_owner;

-- A write key stands in a page that anybody can read, so it is good for nothing else.
ALTER TABLE public.api_keys DROP CONSTRAINT api_keys_scopes_check;
ALTER TABLE public.api_keys ADD CONSTRAINT api_keys_scopes_check CHECK (
    scopes <> '{}' AND scopes <@ ARRAY['ingest', 'read', 'manage', 'collect']
    AND (NOT 'collect' = ANY (scopes) OR scopes = ARRAY['collect']));

CREATE TABLE public.key_terms (
    tenant_id uuid NOT NULL REFERENCES public.registered_tenants (tenant_id),
    key_id uuid NOT NULL,
    origins text[] COLLATE "C" NOT NULL CHECK (cardinality(origins) <= 100),
    books_orders boolean NOT NULL,
    order_events text[] COLLATE "C" NOT NULL CHECK (cardinality(order_events) <= 100),
    PRIMARY KEY (tenant_id, key_id)
);
COMMENT ON TABLE public.key_terms IS 'what a key may collect; a key without a row has no terms of its own';
COMMENT ON COLUMN public.key_terms.origins IS 'of the pages that may send with the key, such as https://shop.example; * stands for all';
COMMENT ON COLUMN public.key_terms.books_orders IS 'whether orders become entries; else they are only claimed';
COMMENT ON COLUMN public.key_terms.order_events IS 'the tenant''s own events that are orders, as an operator writes them';

ALTER TABLE public.key_terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.key_terms FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.key_terms USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
CREATE POLICY owner_reads ON public.key_terms FOR SELECT TO skeldir_owner USING (true);
GRANT SELECT, INSERT, UPDATE (origins, books_orders, order_events) ON public.key_terms TO app_user;

-- Processes that remember a key remember its terms.
CREATE TRIGGER notify_terms_changed AFTER INSERT OR UPDATE ON public.key_terms
    FOR EACH ROW EXECUTE FUNCTION public.notify_keys_ended();

DROP FUNCTION public.find_api_key(bytea);
CREATE FUNCTION public.find_api_key(sha256_of_secret bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, scopes text[], expires_at timestamptz, revoked_at timestamptz,
               last_used_at timestamptz, origins text[], books_orders boolean, order_events text[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT k.tenant_id, k.id, k.scopes, k.expires_at, k.revoked_at, k.last_used_at, t.origins, t.books_orders,
           t.order_events
    FROM public.api_keys k
    LEFT JOIN public.key_terms t ON t.tenant_id = k.tenant_id AND t.key_id = k.id
    WHERE k.secret_sha256 = sha256_of_secret
$$;
REVOKE ALL ON FUNCTION public.find_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.find_api_key(bytea) TO app_user;

CREATE TABLE public.claimed_orders (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    key_id uuid NOT NULL,
    protocol text COLLATE "C" NOT NULL CHECK (protocol ~ '^[a-z0-9_]{1,20}$'),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('completed', 'updated', 'refunded', 'cancelled')),
    order_id text COLLATE "C" NOT NULL CHECK (length(order_id) BETWEEN 1 AND 120),
    currency text COLLATE "C" CHECK (currency ~ '^[A-Z]{3}$'),
    total_cents bigint CHECK (total_cents >= 0),
    revenue_cents bigint CHECK (revenue_cents >= 0),
    claimed_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, digest),
    CHECK (currency IS NOT NULL OR num_nonnulls(total_cents, revenue_cents) = 0)
);
COMMENT ON TABLE public.claimed_orders IS
    'what pages say of orders with a key that anybody can read: shown beside the ledger, never in it';
CREATE INDEX idx_claimed_orders_claimed ON public.claimed_orders (tenant_id, claimed_at DESC, id DESC);
CREATE INDEX idx_claimed_orders_order ON public.claimed_orders (tenant_id, order_id);

ALTER TABLE public.claimed_orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.claimed_orders FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.claimed_orders USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
GRANT SELECT, INSERT (tenant_id, id, digest, key_id, protocol, kind, order_id, currency, total_cents, revenue_cents,
                      claimed_at)
    ON public.claimed_orders TO app_user;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'key_terms',
                 'api_keys', 'claimed_orders',
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
