SET ROLE skeldir_owner;

DROP FUNCTION public.open_tenant(uuid, bigint);

RESET ROLE;
