SET ROLE skeldir_owner;

DROP FUNCTION public.forget_claims(integer);
DROP INDEX public.idx_claimed_orders_recorded;

RESET ROLE;
