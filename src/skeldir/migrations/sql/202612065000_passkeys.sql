-- Passkeys of users: public keys whose private keys are in devices of theirs. Like `users`, the table belongs to no tenant, and
-- `app_user` has no right on it: each function below answers to whoever has the digest of a secret, or names one credential.

SET ROLE skeldir_owner;

CREATE TABLE public.passkeys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES public.users (id),
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 16 AND 1023),
    public_key bytea NOT NULL CHECK (length(public_key) BETWEEN 1 AND 2048),
    sign_count bigint NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
    name text NOT NULL CHECK (btrim(name) <> '' AND length(name) <= 60),
    added_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);
CREATE INDEX idx_passkeys_user ON public.passkeys (user_id);
COMMENT ON COLUMN public.passkeys.credential_id IS 'by which the device finds the private key';
COMMENT ON COLUMN public.passkeys.public_key IS 'as COSE writes it (RFC 9052)';
COMMENT ON COLUMN public.passkeys.sign_count IS 'how often the device says that it was used; 0 if it does not count';

ALTER TABLE public.user_sessions DROP CONSTRAINT user_sessions_signed_in_by_check,
    ADD CONSTRAINT user_sessions_signed_in_by_check
        CHECK (signed_in_by IN ('link', 'password', 'invitation', 'oidc', 'passkey'));

-- Gives the session's user a passkey: `added`, `taken` if somebody has it, `full` if he has 20; null if the session has ended.
CREATE FUNCTION public.add_passkey(token_digest bytea, new_id uuid, of_credential bytea, of_key bytea, first_count bigint,
                                   of_name text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    own uuid;
BEGIN
    -- Of two at once, the second sees what the first has added.
    SELECT u.id INTO own FROM public.user_sessions s JOIN public.users u ON u.id = s.user_id
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp() AND u.disabled_at IS NULL
    FOR UPDATE OF u;
    IF own IS NULL THEN
        RETURN NULL;
    END IF;
    IF (SELECT count(*) FROM public.passkeys k WHERE k.user_id = own) >= 20 THEN
        RETURN 'full';
    END IF;
    INSERT INTO public.passkeys (id, user_id, credential_id, public_key, sign_count, name)
    VALUES (new_id, own, of_credential, of_key, first_count, of_name)
    ON CONFLICT (credential_id) DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'added' ELSE 'taken' END;
END
$$;

-- The passkeys of the session's user.
CREATE FUNCTION public.passkeys_of_user(token_digest bytea)
RETURNS TABLE (passkey_id uuid, credential_id bytea, name text, added_at timestamptz, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT k.id, k.credential_id, k.name, k.added_at, k.used_at
    FROM public.user_sessions own JOIN public.passkeys k ON k.user_id = own.user_id
    WHERE own.token_sha256 = token_digest AND own.ended_at IS NULL AND own.ends_at > now()
    ORDER BY k.added_at, k.id
$$;

-- Takes a passkey from the session's user, who must have another way to sign in, and ends his other sessions that began by a
-- passkey; it returns the name.
CREATE FUNCTION public.remove_passkey(token_digest bytea, of_passkey uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    own_session uuid;
    own uuid;
    removed text;
BEGIN
    SELECT s.id, u.id INTO own_session, own FROM public.user_sessions s JOIN public.users u ON u.id = s.user_id
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp()
    FOR UPDATE OF u;
    DELETE FROM public.passkeys k
    WHERE k.id = of_passkey AND k.user_id = own
      AND (EXISTS (SELECT FROM public.users u WHERE u.id = own AND u.password_hash IS NOT NULL)
           OR EXISTS (SELECT FROM public.identities i WHERE i.user_id = own)
           OR EXISTS (SELECT FROM public.passkeys o WHERE o.user_id = own AND o.id <> of_passkey))
    RETURNING k.name INTO removed;
    IF removed IS NOT NULL THEN
        UPDATE public.user_sessions s SET ended_at = clock_timestamp()
        WHERE s.user_id = own AND s.id <> own_session AND s.signed_in_by = 'passkey' AND s.ended_at IS NULL;
    END IF;
    RETURN removed;
END
$$;

-- The passkey with a credential's id: what a signature is compared with.
CREATE FUNCTION public.find_passkey(of_credential bytea)
RETURNS TABLE (passkey_id uuid, user_id uuid, public_key bytea, sign_count bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT k.id, k.user_id, k.public_key, k.sign_count FROM public.passkeys k WHERE k.credential_id = of_credential
$$;

-- Notes that a passkey has signed; false if it is gone, or if its count is one that it has had before, as a copy's would be.
CREATE FUNCTION public.use_passkey(of_passkey uuid, new_count bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE public.passkeys k SET sign_count = new_count, used_at = clock_timestamp()
    WHERE k.id = of_passkey AND (new_count > k.sign_count OR (new_count = 0 AND k.sign_count = 0));
    RETURN FOUND;
END
$$;

-- For operators: a link by which a user signs in once, who is made if there is none, and let in again if he was disabled.
-- With a tenant and a role he becomes a member. It returns when the link expires.
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
        DELETE FROM public.passkeys k WHERE k.user_id = found_user;
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

REVOKE ALL ON FUNCTION public.add_passkey(bytea, uuid, bytea, bytea, bigint, text), public.passkeys_of_user(bytea),
    public.remove_passkey(bytea, uuid), public.find_passkey(bytea), public.use_passkey(uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.add_passkey(bytea, uuid, bytea, bytea, bigint, text), public.passkeys_of_user(bytea),
    public.remove_passkey(bytea, uuid), public.find_passkey(bytea), public.use_passkey(uuid, bigint) TO app_user;

RESET ROLE;
