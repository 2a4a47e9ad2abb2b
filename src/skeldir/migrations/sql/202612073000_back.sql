SET ROLE skeldir_owner;

ALTER TABLE public.webhook_settings DROP COLUMN sdk_basis;

RESET ROLE;
