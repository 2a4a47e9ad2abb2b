-- Payment webhooks. Endpoints, their secrets and their refusals are looked up before a tenant is known, so they stay on one
-- server when the rest is distributed. Deliveries are append-only, but for the payment that they belong to.

SET ROLE skeldir_owner;

-- Searching a document by a JSON path compiles the expression each time, for a millisecond. Its text shows at once that
-- no key is one of a person, which is nearly always so; and the ends of keys show it in a quarter of that time.
CREATE OR REPLACE FUNCTION public.holds_no_personal_keys(payload jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT payload::text !~*
        '(mail|address[0-9]?|phone|number|mobile|name|zip|code|birth|date|day|dob|ssn|passport|iban|no|pan|cvc|cvv|ip|addr|v4|v6|agent|password)": '
    OR payload::text !~*
        '["_ .-](e[-_ ]?mail([-_ ]?address)?|customer[-_ ]?email|phone([-_ ]?number)?|mobile|(first|last|full|sur|family|given)[-_ ]?name|(street|billing|shipping|postal|home)?[-_ ]?address[0-9]?|zip([-_ ]?code)?|post(al)?[-_ ]?code|birth[-_ ]?(date|day)|date[-_ ]?of[-_ ]?birth|dob|ssn|passport|iban|card[-_ ]?(number|no)|pan|cvc|cvv|ip([-_ ]?(address|addr|v4|v6))?|(browser|client|remote)[-_ ]?ip|user[-_ ]?agent|password)": '
    OR NOT jsonb_path_exists(
        payload,
        '$.** ? (@.type() == "object").keyvalue() ? (@.key like_regex
         "^(.*[-_ .])?(e[-_ ]?mail([-_ ]?address)?|customer[-_ ]?email|phone([-_ ]?number)?|mobile|(first|last|full|sur|family|given)[-_ ]?name|(street|billing|shipping|postal|home)?[-_ ]?address[0-9]?|zip([-_ ]?code)?|post(al)?[-_ ]?code|birth[-_ ]?(date|day)|date[-_ ]?of[-_ ]?birth|dob|ssn|passport|iban|card[-_ ]?(number|no)|pan|cvc|cvv|ip([-_ ]?(address|addr|v4|v6))?|(browser|client|remote)[-_ ]?ip|user[-_ ]?agent|password)$"
         flag "i")'
    )
$$;

CREATE TABLE public.webhook_endpoints (
    tenant_id uuid NOT NULL REFERENCES public.registered_tenants (tenant_id),
    id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL CHECK (provider IN ('stripe', 'shopify', 'woocommerce', 'paypal', 'standard')),
    is_live boolean NOT NULL,
    token_start text COLLATE "C" NOT NULL CHECK (length(token_start) = 12),
    token_sha256 bytea NOT NULL CHECK (length(token_sha256) = 32),
    account text COLLATE "C" NOT NULL CHECK (length(account) <= 120),
    order_prefix text COLLATE "C" NOT NULL CHECK (order_prefix ~ '^[A-Za-z0-9_.-]{0,40}$'),
    journey_name text COLLATE "C" NOT NULL CHECK (length(journey_name) BETWEEN 1 AND 60),
    order_name text COLLATE "C" NOT NULL CHECK (length(order_name) BETWEEN 1 AND 60),
    books_totals boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN public.webhook_endpoints.books_totals IS
    'whether refunds are booked by how much was refunded so far: the provider sends no single refunds';

CREATE UNIQUE INDEX webhook_tokens ON public.webhook_endpoints (token_sha256);

CREATE TABLE public.webhook_secrets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    sealing_key text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES public.webhook_endpoints (tenant_id, id)
);
CREATE INDEX idx_webhook_secrets_endpoint ON public.webhook_secrets (tenant_id, endpoint_id);

CREATE TABLE public.webhook_refusals (
    tenant_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    outcome text COLLATE "C" NOT NULL CHECK (outcome ~ '^[a-z_]{1,40}$'),
    refusals bigint NOT NULL CHECK (refusals > 0),
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, endpoint_id, outcome),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES public.webhook_endpoints (tenant_id, id)
);

CREATE TABLE public.webhook_settings (
    tenant_id uuid NOT NULL PRIMARY KEY REFERENCES public.tenants (id),
    precedence text COLLATE "C" NOT NULL DEFAULT 'gateway' CHECK (precedence IN ('gateway', 'shop')),
    basis text COLLATE "C" NOT NULL DEFAULT 'gross'
        CHECK (basis IN ('gross', 'without_tax', 'without_tax_and_shipping', 'without_fee'))
);
COMMENT ON COLUMN public.webhook_settings.precedence IS
    'whose movements count if a shop and a gateway report one payment';
COMMENT ON COLUMN public.webhook_settings.basis IS 'which part of what buyers paid is revenue';

CREATE TABLE public.webhook_deliveries (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    endpoint_id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL CHECK (length(event_id) <= 120),
    type text COLLATE "C" NOT NULL CHECK (length(type) <= 80),
    received_at timestamptz NOT NULL DEFAULT now(),
    reported_at timestamptz,
    headers jsonb NOT NULL CHECK (headers = '{}' OR public.holds_no_personal_keys(headers)),
    kept jsonb NOT NULL CHECK (kept = '{}' OR public.holds_no_personal_keys(kept)),
    report jsonb CHECK (public.holds_no_personal_keys(report)),
    payment_id uuid,
    trouble text COLLATE "C" CHECK (trouble ~ '^[a-z_]{1,40}$'),
    detail text COLLATE "C",
    is_ignored boolean NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, digest)
);
COMMENT ON COLUMN public.webhook_deliveries.kept IS 'the allow-listed fields of the body';
COMMENT ON COLUMN public.webhook_deliveries.report IS 'what the delivery says of money; entries are derived from all reports of a payment';
CREATE INDEX idx_webhook_deliveries_payment ON public.webhook_deliveries (tenant_id, payment_id)
    WHERE payment_id IS NOT NULL;
CREATE INDEX idx_webhook_deliveries_received ON public.webhook_deliveries (tenant_id, received_at, id);

CREATE TABLE public.payment_refs (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    ref text COLLATE "C" NOT NULL CHECK (length(ref) BETWEEN 1 AND 260),
    payment_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, ref)
);
COMMENT ON TABLE public.payment_refs IS
    'the names under which providers report a payment: whatever shares a name is of one payment';
CREATE INDEX idx_payment_refs_payment ON public.payment_refs (tenant_id, payment_id);

CREATE TABLE public.payments (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    order_id text COLLATE "C",
    state text COLLATE "C" NOT NULL CHECK (state IN (
        'pending', 'authorized', 'captured', 'partially_refunded', 'refunded', 'disputed', 'dispute_lost', 'voided',
        'awaiting_capture')),
    flags text[] COLLATE "C" NOT NULL,
    is_renewal boolean,
    journey text COLLATE "C" CHECK (journey IN ('token', 'derived')),
    providers text[] COLLATE "C" NOT NULL,
    reports integer NOT NULL CHECK (reports > 0),
    waiting jsonb NOT NULL CHECK (waiting = '[]' OR public.holds_no_personal_keys(waiting)),
    evidence jsonb NOT NULL CHECK (evidence = '[]' OR public.holds_no_personal_keys(evidence)),
    parts jsonb NOT NULL CHECK (parts = '{}' OR public.holds_no_personal_keys(parts)),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN public.payments.journey IS 'whether a journey''s token came with the payment, or a touch was derived from it';
COMMENT ON COLUMN public.payments.waiting IS 'movements that are not booked yet, as a refund before its capture';
COMMENT ON COLUMN public.payments.evidence IS 'movements that are not booked since another provider''s were';
CREATE INDEX idx_payments_order ON public.payments (tenant_id, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX idx_payments_changed ON public.payments (tenant_id, changed_at, id);

ALTER TABLE public.webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.webhook_endpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.webhook_endpoints
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.webhook_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.webhook_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.webhook_secrets
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.webhook_refusals ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.webhook_refusals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.webhook_refusals
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.webhook_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.webhook_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.webhook_settings
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.webhook_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.webhook_deliveries
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.payment_refs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.payment_refs FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.payment_refs
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.payments FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.payments
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
CREATE POLICY owner_reads ON public.webhook_endpoints FOR SELECT TO skeldir_owner USING (true);
CREATE POLICY owner_reads ON public.webhook_secrets FOR SELECT TO skeldir_owner USING (true);

CREATE FUNCTION public.find_webhook_endpoint(token_digest bytea)
RETURNS TABLE (tenant_id uuid, endpoint_id uuid, provider text, is_live boolean, account text, order_prefix text,
               journey_name text, order_name text, books_totals boolean, sealing_keys text[], sealed bytea[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT e.tenant_id, e.id, e.provider, e.is_live, e.account, e.order_prefix, e.journey_name, e.order_name,
           e.books_totals, s.sealing_keys, s.sealed
    FROM public.webhook_endpoints e
    LEFT JOIN LATERAL (
        SELECT array_agg(w.sealing_key ORDER BY w.created_at DESC, w.id) AS sealing_keys,
               array_agg(w.sealed ORDER BY w.created_at DESC, w.id) AS sealed
        FROM public.webhook_secrets w
        WHERE w.tenant_id = e.tenant_id AND w.endpoint_id = e.id AND (w.ends_at IS NULL OR w.ends_at > now())
    ) s ON true
    WHERE e.token_sha256 = token_digest AND e.ended_at IS NULL
$$;
REVOKE ALL ON FUNCTION public.find_webhook_endpoint(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.find_webhook_endpoint(bytea) TO app_user;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints', 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

GRANT SELECT, INSERT ON public.webhook_endpoints, public.webhook_secrets, public.webhook_refusals,
    public.webhook_deliveries, public.payment_refs, public.payments TO app_user;
GRANT SELECT, INSERT, UPDATE (precedence, basis) ON public.webhook_settings TO app_user;
GRANT UPDATE (ended_at) ON public.webhook_endpoints TO app_user;
GRANT UPDATE (sealing_key, sealed, ends_at) ON public.webhook_secrets TO app_user;
GRANT UPDATE (refusals, last_at) ON public.webhook_refusals TO app_user;
GRANT UPDATE (payment_id, report) ON public.webhook_deliveries TO app_user;
GRANT UPDATE (payment_id) ON public.payment_refs TO app_user;
GRANT UPDATE (order_id, state, flags, is_renewal, journey, providers, reports, waiting, evidence, parts, changed_at),
    DELETE ON public.payments TO app_user;

RESET ROLE;
