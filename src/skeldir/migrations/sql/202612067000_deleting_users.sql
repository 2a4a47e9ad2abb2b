-- A user can be deleted: what shows who he is goes with him, by the foreign keys. Memberships are rows of their tenants, and end
-- before, in a transaction of each.

SET ROLE skeldir_owner;

ALTER TABLE public.sign_in_links DROP CONSTRAINT sign_in_links_user_id_fkey,
    ADD CONSTRAINT sign_in_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE;
ALTER TABLE public.user_sessions DROP CONSTRAINT user_sessions_user_id_fkey,
    ADD CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE;
ALTER TABLE public.identities DROP CONSTRAINT identities_user_id_fkey,
    ADD CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE;
ALTER TABLE public.passkeys DROP CONSTRAINT passkeys_user_id_fkey,
    ADD CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE;

-- Deletes the session's user; false if he is a member of a tenant, null if the session has ended. The memberships of a tenant
-- that is being deleted go with it.
CREATE FUNCTION public.delete_own_user(token_digest bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    own uuid;
BEGIN
    SELECT u.id INTO own FROM public.user_sessions s JOIN public.users u ON u.id = s.user_id
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp()
    FOR UPDATE OF u;
    IF own IS NULL THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM public.memberships m
               WHERE m.user_id = own AND NOT public.tenant_is_leaving(m.tenant_id)) THEN
        RETURN false;
    END IF;
    DELETE FROM public.users u WHERE u.id = own;
    RETURN true;
END
$$;

REVOKE ALL ON FUNCTION public.delete_own_user(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.delete_own_user(bytea) TO app_user;

RESET ROLE;
