-- Journeys are stored once, packed, and credit is worked out from them instead of being stored. See docs/decisions/0016.

SET ROLE skeldir_owner;

-- The numbers that stand for channels in packed journeys. Given once and for ever, under the lock of the tenant's credit.
CREATE TABLE public.channel_numbers (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    channel_code text COLLATE "C" NOT NULL,
    number integer NOT NULL CHECK (number BETWEEN 0 AND 32767),
    PRIMARY KEY (tenant_id, channel_code),
    UNIQUE (tenant_id, number)
);

-- What the credit of an order is worked out from: the touches in reach (8 bytes each: channel number and microseconds
-- before the conversion, in time order) and the ledger entries that are counted (36 bytes each). No key of a person is in
-- it. Sums and journal hold the order's credit by the models that have been in force since `generation` or before; the
-- restatements that have come past the order have raised it, unless it is negative: then it is -1 - generation, and stays.
CREATE TABLE public.order_journeys (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    order_id text COLLATE "C" NOT NULL,
    converted_at timestamptz NOT NULL,
    previous_age bigint CHECK (previous_age >= -1),
    reach bigint NOT NULL CHECK (reach >= 0),
    generation integer NOT NULL,
    path bytea NOT NULL CHECK (length(path) % 8 = 0),
    entries bytea NOT NULL CHECK (length(entries) % 36 = 0 AND entries <> ''),
    PRIMARY KEY (tenant_id, order_id)
);

-- Changes of the models that the stored journeys are credited by: each goes through them by order. It has come past those
-- up to `after_order_id`, and past all when that is NULL.
CREATE TABLE public.restatements (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    generation integer NOT NULL CHECK (generation >= 0),
    after_order_id text COLLATE "C",
    began_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, generation)
);
CREATE INDEX restatements_open ON public.restatements (tenant_id) WHERE after_order_id IS NOT NULL;

-- Every change of the sums of credit, kept: what they were at any moment is a sum over it. `basis` says which day a row is
-- about: the day of the ledger entry.
CREATE TABLE public.credit_journal (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    turn bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    basis text NOT NULL CHECK (basis IN ('entry')),
    revenue_date date NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    channel_code text COLLATE "C" NOT NULL,
    currency text NOT NULL,
    conversion_ppt numeric NOT NULL,
    credited_cents numeric NOT NULL,
    allocations bigint NOT NULL,
    PRIMARY KEY (tenant_id, turn, basis, revenue_date, model_version, channel_code, currency)
);
CREATE INDEX credit_journal_changed ON public.credit_journal USING brin (tenant_id, changed_at);

-- From which generation on a version has been in force without a break; the generations of a tenant count its changes.
ALTER TABLE public.attribution_models ADD COLUMN active_since integer NOT NULL DEFAULT 0;

-- Credit of orders whose touches were forgotten before their journeys were packed. The others leave this table when
-- they are credited next.
ALTER TABLE public.attribution_allocations RENAME TO kept_allocations;
ALTER TABLE public.kept_allocations ADD COLUMN generation integer NOT NULL DEFAULT 0;
DROP INDEX public.attribution_allocations_day;
ALTER INDEX public.attribution_allocations_pkey RENAME TO kept_allocations_pkey;

-- A mark may ask for no more than a comparison of the day's credit, which is in its sums already, with the ledger.
ALTER TABLE public.dirty_days DROP CONSTRAINT dirty_days_sums_check;
ALTER TABLE public.dirty_days ADD CONSTRAINT sums_are_known CHECK (sums IN ('all', 'revenue', 'credit'));

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_channel_day', 'rollup_allocation_day', 'reconciliation_runs',
                 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events', 'imports', 'spend',
                 'attribution_events', 'channels', 'attribution_models', 'retention', 'revenue_ledger']
$$;

-- Jumps from tenant to tenant along the indexes, however many marks each of them has.
CREATE OR REPLACE FUNCTION public.tenants_with_dirty_orders() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE dirty (tenant_id) AS (
        (SELECT m.tenant_id FROM ((SELECT d.tenant_id FROM public.dirty_orders d ORDER BY 1 LIMIT 1)
                                  UNION ALL
                                  (SELECT d.tenant_id FROM public.dirty_journeys d ORDER BY 1 LIMIT 1)
                                  UNION ALL
                                  (SELECT r.tenant_id FROM public.restatements r
                                   WHERE r.after_order_id IS NOT NULL ORDER BY 1 LIMIT 1)) m
         ORDER BY 1 LIMIT 1)
        UNION ALL
        SELECT (SELECT m.tenant_id
                FROM ((SELECT d.tenant_id FROM public.dirty_orders d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)
                      UNION ALL
                      (SELECT d.tenant_id FROM public.dirty_journeys d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)
                      UNION ALL
                      (SELECT r.tenant_id FROM public.restatements r
                       WHERE r.tenant_id > dirty.tenant_id AND r.after_order_id IS NOT NULL ORDER BY 1 LIMIT 1)) m
                ORDER BY 1 LIMIT 1)
        FROM dirty WHERE dirty.tenant_id IS NOT NULL
    )
    SELECT d.tenant_id FROM dirty d WHERE d.tenant_id IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION public.credit_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT count(*), min(d.marked_at)
    FROM (SELECT marked_at FROM public.dirty_orders UNION ALL SELECT marked_at FROM public.dirty_journeys
          UNION ALL SELECT began_at FROM public.restatements WHERE after_order_id IS NOT NULL) d
$$;

ALTER TABLE public.channel_numbers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.channel_numbers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.channel_numbers
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER TABLE public.order_journeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.order_journeys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.order_journeys
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER TABLE public.restatements ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.restatements FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.restatements
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
CREATE POLICY owner_reads ON public.restatements FOR SELECT TO skeldir_owner USING (true);
ALTER TABLE public.credit_journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.credit_journal FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.credit_journal
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());

GRANT SELECT, INSERT ON public.channel_numbers TO app_user;
GRANT SELECT, INSERT ON public.order_journeys TO app_user;
GRANT UPDATE (converted_at, previous_age, reach, generation, path, entries) ON public.order_journeys TO app_user;
GRANT SELECT, INSERT, DELETE ON public.restatements TO app_user;
GRANT UPDATE (after_order_id) ON public.restatements TO app_user;
GRANT SELECT, INSERT, DELETE ON public.credit_journal TO app_user;
GRANT UPDATE (active_since) ON public.attribution_models TO app_user;
GRANT UPDATE (spend_cents) ON public.rollup_channel_day TO app_user;

RESET ROLE;
