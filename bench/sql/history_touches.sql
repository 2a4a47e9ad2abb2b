-- The copies of the touches. Indexes are built afterwards, which takes a fraction of the time.

SET session_replication_role = replica;  -- no foreign keys to check: the tenants are there
SET maintenance_work_mem = '1GB';

ALTER TABLE public.attribution_events DROP CONSTRAINT attribution_events_pkey,
    DROP CONSTRAINT attribution_events_idempotency;
DROP INDEX public.attribution_events_journey;
INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule,
     source, medium, campaign, referrer_host, landing_path, click_id_kinds)
SELECT e.tenant_id, bench.older_id(e.id, c.by), e.idempotency_key || c.mark, e.occurred_at - c.by,
       decode(md5(e.journey_key || c.mark::bytea), 'hex'), e.session_id || c.mark, e.channel_code, e.channel_rule,
       e.source, e.medium, e.campaign, e.referrer_host, e.landing_path, e.click_id_kinds
FROM bench.copies c, public.attribution_events e;
ALTER TABLE public.attribution_events ADD CONSTRAINT attribution_events_pkey PRIMARY KEY (tenant_id, id),
    ADD CONSTRAINT attribution_events_idempotency UNIQUE (tenant_id, idempotency_key, generation);
CREATE INDEX attribution_events_journey ON public.attribution_events (tenant_id, journey_key, occurred_at);

RESET maintenance_work_mem;
RESET session_replication_role;
