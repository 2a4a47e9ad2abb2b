-- As it was, and nobody adds changes later: they are in the sums.

SET ROLE skeldir_owner;

DROP TABLE public.credit_changes;
ALTER TABLE public.tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE public.kept_allocations FORCE ROW LEVEL SECURITY;
ALTER TABLE public.attribution_models FORCE ROW LEVEL SECURITY;
ALTER TABLE public.credit_journal FORCE ROW LEVEL SECURITY;
ALTER TABLE public.credit_turns FORCE ROW LEVEL SECURITY;
ALTER TABLE public.dirty_days FORCE ROW LEVEL SECURITY;
ALTER TABLE public.dirty_orders FORCE ROW LEVEL SECURITY;
ALTER TABLE public.rollup_channel_day FORCE ROW LEVEL SECURITY;
ALTER TABLE public.spend FORCE ROW LEVEL SECURITY;

RESET ROLE;
