-- A list of the tenants beside `tenants`, without a name or a secret. What covers all tenants, or is looked up before a
-- tenant is known, reads it and other tables that stay on one server when the rest is distributed. See docs/decisions/0020.

SET ROLE skeldir_owner;

CREATE TABLE public.registered_tenants (
    tenant_id uuid NOT NULL PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

RESET ROLE;
