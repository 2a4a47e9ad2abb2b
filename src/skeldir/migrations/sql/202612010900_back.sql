SET ROLE skeldir_owner;

ALTER TABLE public.imports DROP COLUMN skipped;

RESET ROLE;
