SET ROLE skeldir_owner;

DROP FUNCTION public.delete_own_user(bytea);

ALTER TABLE public.passkeys DROP CONSTRAINT passkeys_user_id_fkey,
    ADD CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id);
ALTER TABLE public.identities DROP CONSTRAINT identities_user_id_fkey,
    ADD CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id);
ALTER TABLE public.user_sessions DROP CONSTRAINT user_sessions_user_id_fkey,
    ADD CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id);
ALTER TABLE public.sign_in_links DROP CONSTRAINT sign_in_links_user_id_fkey,
    ADD CONSTRAINT sign_in_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id);

RESET ROLE;
