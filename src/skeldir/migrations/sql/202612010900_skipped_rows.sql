SET ROLE skeldir_owner;

ALTER TABLE public.imports ADD COLUMN skipped bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN public.imports.skipped IS 'rows that the conditions of the mapping made neither touch nor order';
GRANT UPDATE (skipped) ON public.imports TO app_user;

RESET ROLE;
