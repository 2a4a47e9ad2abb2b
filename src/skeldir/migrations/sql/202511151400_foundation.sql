-- Tenants and their events. Rows may exist here before they have an idempotency key.

SET ROLE skeldir_owner;

-- NULL for unset, empty and malformed alike: no tenant means no row. (After a transaction-local setting
-- ends its value is '', not NULL, so a bare cast would raise on a pooled connection.)
CREATE FUNCTION public.current_tenant_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT CASE WHEN pg_input_is_valid(current_setting('app.current_tenant_id', true), 'uuid')
                THEN current_setting('app.current_tenant_id', true)::uuid END
$$;

-- A textual SET LOCAL, because that reaches the shards of a distributed PostgreSQL and set_config() does not.
CREATE FUNCTION public.set_tenant(tenant uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    EXECUTE format('SET LOCAL app.current_tenant_id = %L', tenant);
END
$$;

-- The second guard against personal data: no key of a JSON column, at any depth, may be one of these.
CREATE FUNCTION public.holds_no_personal_keys(payload jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT NOT jsonb_path_exists(
        payload,
        '$.** ? (@.type() == "object").keyvalue() ? (@.key like_regex
         "^(.*[-_ .])?(e[-_ ]?mail([-_ ]?address)?|customer[-_ ]?email|phone([-_ ]?number)?|mobile|(first|last|full|sur|family|given)[-_ ]?name|(street|billing|shipping|postal|home)?[-_ ]?address[0-9]?|zip([-_ ]?code)?|post(al)?[-_ ]?code|birth[-_ ]?(date|day)|date[-_ ]?of[-_ ]?birth|dob|ssn|passport|iban|card[-_ ]?(number|no)|pan|cvc|cvv|ip([-_ ]?(address|addr|v4|v6))?|(browser|client|remote)[-_ ]?ip|user[-_ ]?agent|password)$"
         flag "i")'
    )
$$;

CREATE TABLE public.tenants (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL CHECK (btrim(name) <> ''),
    api_key_hash text,
    notification_email text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.attribution_events (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    session_id text,
    revenue_cents bigint,
    raw_payload jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT raw_payload_holds_no_personal_keys
        CHECK (raw_payload = '{}' OR public.holds_no_personal_keys(raw_payload))
);

ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.tenants
    USING (id = (SELECT public.current_tenant_id()))
    WITH CHECK (id = (SELECT public.current_tenant_id()));

ALTER TABLE public.attribution_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.attribution_events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.attribution_events
    USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

-- Facts are append-only: no UPDATE, no DELETE.
GRANT USAGE ON SCHEMA public TO app_user;
GRANT SELECT, INSERT ON public.tenants, public.attribution_events TO app_user;

RESET ROLE;
