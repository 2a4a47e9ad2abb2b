-- Touches with their channels, the ledger, credit, keys, dead letters and imports.

SET ROLE skeldir_owner;

-- Journey keys are stored as hashes keyed by this secret. 244 random bits from two version-4 UUIDs: the
-- database has no other generator without an extension.
ALTER TABLE public.tenants ADD COLUMN journey_secret bytea NOT NULL
    DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');

-- A row without a journey key is older than journeys: it is kept, and earns nothing.
ALTER TABLE public.attribution_events
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN journey_key bytea,
    ADD COLUMN channel_code text COLLATE "C",
    ADD COLUMN channel_rule text,
    ADD COLUMN source text,
    ADD COLUMN medium text,
    ADD COLUMN campaign text,
    ADD COLUMN referrer_host text,
    ADD COLUMN landing_path text,
    ADD COLUMN click_id_kinds text[],
    ADD CONSTRAINT touch_is_complete CHECK (
        (journey_key IS NULL AND channel_code IS NULL AND channel_rule IS NULL)
        OR (journey_key IS NOT NULL AND channel_code IS NOT NULL AND channel_rule IS NOT NULL));
CREATE INDEX attribution_events_journey
    ON public.attribution_events (tenant_id, journey_key, occurred_at);

-- A tenant's own channels, beside the common taxonomy that the program carries.
CREATE TABLE public.channels (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    code text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{0,62}$'),
    label text NOT NULL CHECK (btrim(label) <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, code)
);

CREATE TABLE public.api_keys (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (btrim(name) <> ''),
    prefix text NOT NULL,
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    scopes text[] NOT NULL CHECK (scopes <> '{}' AND scopes <@ ARRAY['ingest', 'read', 'manage']),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, secret_sha256)
);
-- The look-up comes before a tenant is known, so this index alone does not lead with it.
CREATE INDEX api_keys_secret ON public.api_keys (secret_sha256);

CREATE TABLE public.revenue_ledger (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    business_key text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('capture', 'refund', 'refund_reversal', 'dispute', 'dispute_reversal')),
    amount_cents bigint NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    journey_key bytea,
    source text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, business_key),
    CONSTRAINT amount_has_the_sign_of_its_kind CHECK (
        CASE WHEN kind IN ('refund', 'dispute') THEN amount_cents < 0
             WHEN kind = 'capture' THEN amount_cents >= 0
             ELSE amount_cents > 0 END)
);
CREATE INDEX revenue_ledger_order ON public.revenue_ledger (tenant_id, order_id);
CREATE INDEX revenue_ledger_day ON public.revenue_ledger (tenant_id, occurred_at);
CREATE INDEX revenue_ledger_journey ON public.revenue_ledger (tenant_id, journey_key, occurred_at)
    WHERE kind = 'capture' AND journey_key IS NOT NULL;

CREATE TABLE public.spend (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    business_key text COLLATE "C" NOT NULL,
    spend_date date NOT NULL,
    channel_code text COLLATE "C" NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_cents bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, business_key)
);
CREATE INDEX spend_day ON public.spend (tenant_id, spend_date);

-- A model version is fixed for ever; only which one is active changes.
CREATE TABLE public.attribution_models (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    model_version text COLLATE "C" NOT NULL,
    model text NOT NULL CHECK (model IN ('first_touch', 'last_touch', 'last_non_direct', 'linear',
                                         'position_based', 'time_decay')),
    version integer NOT NULL CHECK (version >= 1),
    lookback_days integer NOT NULL CHECK (lookback_days BETWEEN 1 AND 3650),
    after_conversion text NOT NULL CHECK (after_conversion IN ('keep', 'reset')),
    half_life_days integer NOT NULL CHECK (half_life_days BETWEEN 1 AND 3650),
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, model_version),
    UNIQUE (tenant_id, model, version),
    CHECK (model_version = model || '@' || version)
);
CREATE UNIQUE INDEX attribution_models_active ON public.attribution_models (tenant_id, model) WHERE is_active;

-- Marks, not state: a mark is deleted by the run that credited its order after seeing it.
CREATE TABLE public.dirty_orders (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    order_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE public.attribution_allocations (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    order_id text COLLATE "C" NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    entry_id uuid NOT NULL,
    channel_code text COLLATE "C" NOT NULL,
    entry_date date NOT NULL,
    currency text NOT NULL,
    allocated_cents bigint NOT NULL,
    conversion_ppt bigint NOT NULL CHECK (conversion_ppt BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (tenant_id, order_id, model_version, entry_id, channel_code)
);
CREATE INDEX attribution_allocations_day ON public.attribution_allocations (tenant_id, entry_date);

-- What was refused, with the reason. The origin says where it stood, so that a repeated delivery is kept once.
CREATE TABLE public.dead_events (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    origin text NOT NULL,
    item_kind text NOT NULL CHECK (item_kind IN ('touch', 'conversion')),
    code text NOT NULL,
    detail text NOT NULL,
    cure text NOT NULL,
    item jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, item_kind, origin),
    CONSTRAINT item_holds_no_personal_keys CHECK (item = '{}' OR public.holds_no_personal_keys(item))
);

-- How far a file has come, committed with the rows themselves.
CREATE TABLE public.imports (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    fingerprint text NOT NULL,
    file_name text NOT NULL,
    rows_done bigint NOT NULL,
    touches_accepted bigint NOT NULL,
    touches_duplicate bigint NOT NULL,
    conversions_accepted bigint NOT NULL,
    conversions_duplicate bigint NOT NULL,
    rejected bigint NOT NULL,
    is_complete boolean NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, fingerprint)
);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['channels', 'api_keys', 'revenue_ledger', 'spend', 'attribution_models',
                                        'dirty_orders', 'attribution_allocations', 'dead_events', 'imports'] LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant_isolation ON public.%I USING (tenant_id = (SELECT public.current_tenant_id()))'
                       ' WITH CHECK (tenant_id = (SELECT public.current_tenant_id()))', tenant_table);
    END LOOP;
END
$$;

-- The owner's SECURITY DEFINER functions are the only ways past a tenant, and give away no more than they say.
CREATE POLICY owner_reads ON public.api_keys FOR SELECT TO skeldir_owner USING (true);
CREATE POLICY owner_reads ON public.dirty_orders FOR SELECT TO skeldir_owner USING (true);

CREATE FUNCTION public.find_api_key(sha256_of_secret bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, scopes text[], expires_at timestamptz, revoked_at timestamptz,
               last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT k.tenant_id, k.id, k.scopes, k.expires_at, k.revoked_at, k.last_used_at
    FROM public.api_keys k WHERE k.secret_sha256 = sha256_of_secret
$$;

CREATE FUNCTION public.tenants_with_dirty_orders() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT DISTINCT tenant_id FROM public.dirty_orders ORDER BY 1 $$;

REVOKE ALL ON FUNCTION public.find_api_key(bytea), public.tenants_with_dirty_orders() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.find_api_key(bytea), public.tenants_with_dirty_orders() TO app_user;

-- State and balance of an order are derived, never stored. The invoker's own policies apply.
CREATE VIEW public.order_balances WITH (security_invoker) AS
SELECT tenant_id, order_id, currency, captured_cents, refunded_cents, disputed_cents,
       captured_cents + refunded_cents + disputed_cents AS balance_cents,
       CASE WHEN sum(captures) OVER (PARTITION BY tenant_id, order_id) = 0 THEN 'awaiting_capture'
            WHEN captured_cents + refunded_cents < 0 THEN 'over_refunded'
            WHEN disputed_cents < 0 THEN 'disputed'
            WHEN refunded_cents = 0 THEN 'paid'
            WHEN captured_cents + refunded_cents = 0 THEN 'refunded'
            ELSE 'partially_refunded' END AS state,
       first_entry_at, last_entry_at
FROM (SELECT tenant_id, order_id, currency,
             count(*) FILTER (WHERE kind = 'capture') AS captures,
             coalesce(sum(amount_cents) FILTER (WHERE kind = 'capture'), 0)::bigint AS captured_cents,
             coalesce(sum(amount_cents) FILTER (WHERE kind IN ('refund', 'refund_reversal')), 0)::bigint AS refunded_cents,
             coalesce(sum(amount_cents) FILTER (WHERE kind IN ('dispute', 'dispute_reversal')), 0)::bigint AS disputed_cents,
             min(occurred_at) AS first_entry_at, max(occurred_at) AS last_entry_at
      FROM public.revenue_ledger GROUP BY tenant_id, order_id, currency) sums;

GRANT SELECT, INSERT ON public.channels, public.revenue_ledger, public.spend, public.dead_events TO app_user;
GRANT SELECT, INSERT ON public.api_keys, public.attribution_models, public.imports TO app_user;
GRANT UPDATE (revoked_at, last_used_at) ON public.api_keys TO app_user;
GRANT UPDATE (is_active) ON public.attribution_models TO app_user;
GRANT UPDATE (rows_done, touches_accepted, touches_duplicate, conversions_accepted, conversions_duplicate, rejected,
              is_complete, updated_at) ON public.imports TO app_user;
GRANT SELECT, INSERT, DELETE ON public.dirty_orders, public.attribution_allocations TO app_user;
GRANT SELECT ON public.order_balances TO app_user;

RESET ROLE;
