-- Users who are known to an OpenID Connect provider. Like `users`, these tables belong to no tenant, and `app_user` has no
-- right on them: each function below answers to whoever has the digest of a secret, or names one identity.

SET ROLE skeldir_owner;

CREATE TABLE public.identities (
    issuer text COLLATE "C" NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    subject text COLLATE "C" NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    user_id uuid NOT NULL REFERENCES public.users (id),
    connected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)
);
COMMENT ON TABLE public.identities IS 'by issuer and subject, and never by an e-mail address';
COMMENT ON COLUMN public.identities.subject IS 'what the issuer calls the person, for ever';

CREATE TABLE public.sign_in_turns (
    state_sha256 bytea PRIMARY KEY CHECK (length(state_sha256) = 32),
    browser_sha256 bytea NOT NULL CHECK (length(browser_sha256) = 32),
    expires_at timestamptz NOT NULL
);
CREATE INDEX idx_sign_in_turns_expiry ON public.sign_in_turns (expires_at);
COMMENT ON COLUMN public.sign_in_turns.browser_sha256 IS 'of the cookie of the browser that began it';

ALTER TABLE public.user_sessions DROP CONSTRAINT user_sessions_signed_in_by_check,
    ADD CONSTRAINT user_sessions_signed_in_by_check CHECK (signed_in_by IN ('link', 'password', 'invitation', 'oidc'));

-- A browser leaves for the provider; it returns until when it must come back. Those that have not come back in time are forgotten.
CREATE FUNCTION public.begin_sign_in_turn(state_digest bytea, browser_digest bytea, lasts_s double precision)
RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH late AS (
        SELECT t.state_sha256 FROM public.sign_in_turns t WHERE t.expires_at < clock_timestamp()
        ORDER BY t.expires_at LIMIT 100
        FOR UPDATE SKIP LOCKED
    ), forgotten AS (
        DELETE FROM public.sign_in_turns t USING late WHERE t.state_sha256 = late.state_sha256
    )
    INSERT INTO public.sign_in_turns (state_sha256, browser_sha256, expires_at)
    VALUES (state_digest, browser_digest, clock_timestamp() + make_interval(secs => lasts_s))
    RETURNING expires_at
$$;

-- The same browser comes back, once and in time.
CREATE FUNCTION public.end_sign_in_turn(state_digest bytea, browser_digest bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
    DELETE FROM public.sign_in_turns t
    WHERE t.state_sha256 = state_digest AND t.browser_sha256 = browser_digest AND t.expires_at > clock_timestamp();
    RETURN FOUND;
END
$$;

-- The user with an identity, whose provider has just vouched for it.
CREATE FUNCTION public.find_identity(of_issuer text, of_subject text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT i.user_id FROM public.identities i WHERE i.issuer = of_issuer AND i.subject = of_subject
$$;

-- Gives the session's user an identity; false if it is another's, or if he has another one of the same issuer, null if the
-- session has ended.
CREATE FUNCTION public.connect_identity(token_digest bytea, of_issuer text, of_subject text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    own uuid;
BEGIN
    SELECT s.user_id INTO own FROM public.user_sessions s
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp();
    IF own IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.identities (issuer, subject, user_id) VALUES (of_issuer, of_subject, own) ON CONFLICT DO NOTHING;
    RETURN EXISTS (
        SELECT FROM public.identities i WHERE i.issuer = of_issuer AND i.subject = of_subject AND i.user_id = own
    );
END
$$;

-- Makes a user who was invited and whose provider vouches for the address; false if there is one with this address or
-- with this identity.
CREATE FUNCTION public.create_user_with_identity(new_id uuid, of_email text, of_issuer text, of_subject text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
    IF EXISTS (SELECT FROM public.identities i WHERE i.issuer = of_issuer AND i.subject = of_subject)
       OR NOT public.create_user(new_id, of_email, NULL) THEN
        RETURN false;
    END IF;
    INSERT INTO public.identities (issuer, subject, user_id) VALUES (of_issuer, of_subject, new_id);
    RETURN true;
END
$$;

-- The identities of the session's user.
CREATE FUNCTION public.identities_of_user(token_digest bytea)
RETURNS TABLE (issuer text, subject text, connected_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT i.issuer, i.subject, i.connected_at
    FROM public.user_sessions own JOIN public.identities i ON i.user_id = own.user_id
    WHERE own.token_sha256 = token_digest AND own.ended_at IS NULL AND own.ends_at > now()
    ORDER BY i.connected_at, i.issuer
$$;

-- Takes an identity from the session's user, who must have a password to sign in with; it returns the subject.
CREATE FUNCTION public.disconnect_identity(token_digest bytea, of_issuer text) RETURNS text
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    DELETE FROM public.identities i
    USING public.user_sessions s JOIN public.users u ON u.id = s.user_id
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp()
      AND i.user_id = u.id AND i.issuer = of_issuer AND u.password_hash IS NOT NULL
    RETURNING i.subject
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

REVOKE ALL ON FUNCTION public.begin_sign_in_turn(bytea, bytea, double precision), public.end_sign_in_turn(bytea, bytea),
    public.find_identity(text, text), public.connect_identity(bytea, text, text),
    public.create_user_with_identity(uuid, text, text, text), public.identities_of_user(bytea),
    public.disconnect_identity(bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.begin_sign_in_turn(bytea, bytea, double precision), public.end_sign_in_turn(bytea, bytea),
    public.find_identity(text, text), public.connect_identity(bytea, text, text),
    public.create_user_with_identity(uuid, text, text, text), public.identities_of_user(bytea),
    public.disconnect_identity(bytea, text) TO app_user;

RESET ROLE;
