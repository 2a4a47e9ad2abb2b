-- Which tenants may have orders to credit or days to sum: what sweeps over all tenants reads this list instead of the
-- marks, which are distributed with the tenants. See docs/decisions/0020.

SET ROLE skeldir_owner;

-- No mark is made from here to the end of the migration: one that were not seen below would not be listed.
LOCK TABLE public.dirty_orders, public.dirty_journeys, public.dirty_days, public.restatements IN SHARE MODE;

-- A tenant may have several rows for the same work: no writer waits for another. No mark of the tenant is older than
-- `since`. There is no foreign key, since a row is deleted before its tenant, and is written by every writer of facts.
CREATE TABLE public.waiting_tenants (
    tenant_id uuid NOT NULL,
    work text COLLATE "C" NOT NULL CHECK (work IN ('credit', 'days')),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, work, id)
);
ALTER TABLE public.waiting_tenants SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

RESET ROLE;
