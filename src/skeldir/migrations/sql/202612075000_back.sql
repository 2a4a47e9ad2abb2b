SET ROLE skeldir_owner;

DROP INDEX public.idx_payments_flagged;
DROP FUNCTION public.forget_claims(integer);
DROP INDEX public.idx_claimed_orders_recorded;

RESET ROLE;
