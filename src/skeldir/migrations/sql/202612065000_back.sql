SET ROLE skeldir_owner;

DROP FUNCTION public.add_passkey(bytea, uuid, bytea, bytea, bigint, text), public.passkeys_of_user(bytea),
    public.remove_passkey(bytea, uuid), public.find_passkey(bytea), public.use_passkey(uuid, bigint);

CREATE OR REPLACE FUNCTION public.make_sign_in_link(of_email text, new_user uuid, token_digest bytea, lasts_s double precision,
                                         wanted_tenant uuid, as_role text, action_id uuid)
RETURNS timestamptz
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    who CONSTANT text := 'command:' || session_user;
    ends CONSTANT timestamptz := clock_timestamp() + make_interval(secs => lasts_s);
    found_user uuid;
BEGIN
    INSERT INTO public.users (id, email) VALUES (new_user, of_email)
    ON CONFLICT (email) DO UPDATE SET disabled_at = NULL
    RETURNING id INTO found_user;
    -- For the address of whoever has only been invited so far, nobody but the admin of some tenant has vouched. The link is
    -- for whom the operator means, so whatever else lets in is dropped.
    IF NOT EXISTS (SELECT FROM public.sign_in_links l WHERE l.user_id = found_user) THEN
        UPDATE public.users u SET password_hash = NULL WHERE u.id = found_user;
        UPDATE public.user_sessions s SET ended_at = clock_timestamp() WHERE s.user_id = found_user AND s.ended_at IS NULL;
        DELETE FROM public.identities i WHERE i.user_id = found_user;
    END IF;
    IF wanted_tenant IS NOT NULL THEN
        PERFORM public.set_tenant(wanted_tenant);
        INSERT INTO public.memberships (tenant_id, user_id, email, role, added_by)
        VALUES (wanted_tenant, found_user, of_email, as_role, who)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role;
        INSERT INTO public.audit_log (tenant_id, id, actor, action, subject)
        VALUES (wanted_tenant, action_id, who, 'member.set', of_email || ' as ' || as_role);
    END IF;
    INSERT INTO public.sign_in_links (token_sha256, user_id, in_tenant, made_by, expires_at)
    VALUES (token_digest, found_user, wanted_tenant, who, ends);
    RETURN ends;
END
$$;

DELETE FROM public.user_sessions WHERE signed_in_by = 'passkey';
ALTER TABLE public.user_sessions DROP CONSTRAINT user_sessions_signed_in_by_check,
    ADD CONSTRAINT user_sessions_signed_in_by_check CHECK (signed_in_by IN ('link', 'password', 'invitation', 'oidc'));

DROP TABLE public.passkeys;

RESET ROLE;
