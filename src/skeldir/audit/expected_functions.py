"""The expected functions of a migrated database: whose rights they run with, who may run them, and their bodies."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

RUNTIME_ROLE: Final = "app_user"
OWNER: Final = "skeldir_owner"
VIEW_OWNER: Final = "matview_owner"

# The only functions that cross tenants: they run with their owner's rights, and reveal nothing but what they return.
GATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # They return numbers over all tenants.
        "public.audit_counts()": "400d4e5340b7d76b",
        "public.credit_backlog()": "78fe010c0ff1abc1",
        "public.job_counts()": "a690bd9594c46c9a",
        "public.set_aside_counts()": "d64366f1e66d14d7",
        # The longest wait of some tenant.
        "public.waiting_since(awaited text)": "c7b153a13bf40eac",
        # The job that it claims, to a transaction without a tenant; and the kinds of which there are jobs to claim.
        "public.claim_next_job(kinds text[], most_attempts integer[], leases_s double precision[], "
        "new_token uuid)": "96e2b65b8ce6d54d",
        "public.claimable_kinds(kinds text[])": "527372f600d6a725",
        # Ids of tenants.
        "public.tenants_with_dirty_days()": "ddaf7ff88f23236e",
        "public.tenants_with_dirty_orders()": "8c32c77f0afdaa0f",
        "public.tenants_without_credit_job(job_kind text, dead_since timestamp with time zone, "
        "most integer)": "6b8a0b49e979acc1",
        "public.tenants_without_job(job_kind text, since timestamp with time zone)": "5ad1b15d591ef0df",
        # Ids, given the prefix of a key; tenant, id and state of a key, given its secret.
        "public.tenants_of_key_prefix(key_prefix text)": "5062f63219ec99d8",
        "public.find_api_key(sha256_of_secret bytea)": "2d3cb99478ddb55e",
        # The endpoint with a token, with its sealed secrets.
        "public.find_webhook_endpoint(token_digest bytea)": "97591eec173af7c8",
        # Of people, given the digest of a secret of theirs: their session, sessions and tenants, and an invitation.
        "public.find_user_session(token_digest bytea, idle_s double precision)": "e4acadb9fe9fc4e3",
        "public.sessions_of_user(token_digest bytea, idle_s double precision)": "5414e444f851d59e",
        "public.memberships_of_user(token_digest bytea)": "e28bea62cfa346c7",
        "public.find_invitation(token_digest bytea)": "b7128c346a64e1dc",
        # They change what belongs to whoever has the secret, and return a bit, a number, or whom a link lets in.
        "public.use_sign_in_link(token_digest bytea)": "61856f9a24a3ee64",
        "public.rotate_user_session(token_digest bytea, new_digest bytea, wanted_tenant uuid)": "fbf06caad02ec3b3",
        "public.end_user_sessions(token_digest bytea, ended_session uuid, ends_others boolean)": "cfc421da2cd7d12c",
        "public.set_user_password(token_digest bytea, new_hash text)": "cc63eef7858e5439",
        # Two bits of the session's user: whether he is a member of some tenant, and is deleted otherwise.
        "public.delete_own_user(token_digest bytea)": "56c42bbdddb85e1f",
        # The hash of one user's password, given his address; a bit, where a user is made or has shown who he is.
        "public.find_password(of_email text, device_digest bytea)": "9fdcd8dad5187834",
        "public.create_user(new_id uuid, of_email text, new_hash text)": "fe81711c030dd4e5",
        "public.begin_user_session(of_user uuid, new_id uuid, token_digest bytea, wanted_tenant uuid, "
        "shown_by text, device_digest bytea, device_kind text, lasts_s double precision)": "950b084e6b3eb330",
        # Identities at OpenID Connect providers: whose one is, which ones a session's user has, and changes.
        "public.find_identity(of_issuer text, of_subject text)": "d7841ce51b76cb8f",
        "public.identities_of_user(token_digest bytea)": "ce3d13e1cd245dd8",
        "public.connect_identity(token_digest bytea, of_issuer text, of_subject text)": "eaf8e85c75066986",
        "public.disconnect_identity(token_digest bytea, of_issuer text)": "38d591cbf0f61511",
        "public.create_user_with_identity(new_id uuid, of_email text, of_issuer text, "
        "of_subject text)": "c9f82a1ae2b4ac81",
        # Passkeys: the public key of a credential and whose it is, which ones a session's user has, and changes.
        "public.find_passkey(of_credential bytea)": "3416ed94c17a1da3",
        "public.passkeys_of_user(token_digest bytea)": "13cd026ad0f88be4",
        "public.add_passkey(token_digest bytea, new_id uuid, of_credential bytea, of_key bytea, "
        "first_count bigint, of_name text)": "9184e58acd9cf19f",
        "public.remove_passkey(token_digest bytea, of_passkey uuid)": "7e81290c53422cff",
        "public.use_passkey(of_passkey uuid, new_count bigint)": "db008cf26b5db723",
        # A browser leaves for a provider or asks a device, and one bit: whether it is the one that comes back.
        "public.begin_sign_in_turn(state_digest bytea, browser_digest bytea, "
        "lasts_s double precision)": "f2459e71d4bba38e",
        "public.end_sign_in_turn(state_digest bytea, browser_digest bytea)": "ef02344202841de1",
        # One bit about an id.
        "public.tenant_is_leaving(tenant uuid)": "3d576e6505db6f90",
        # They delete rows of the current tenant, whose policy binds them, and return a number.
        "public.forget_dead_events(most integer)": "5b177d077d4cde0b",
        "public.forget_claims(most integer)": "58f59a3f22703fbe",
        "public.erase_traces(erasure uuid, request uuid, kind_of_target text, digest_of_target text, why text, "
        "who text, named_orders text[], named_payments uuid[], named_key bytea)": "8fdd0b16af2c51f0",
        "public.forget_touches(most integer)": "3459618d73a37bce",
        # They refuse a tenant unless an operator has requested its deletion, and return a number or a bit.
        "public.delete_tenant_rows(tenant uuid, most integer)": "31e1917e0a50588b",
        "public.end_tenant_deletion(tenant uuid)": "ce7a7a93a5e7dd42",
        "public.forget_statistics(tenant uuid, place integer)": "b1c1fb0162b695c2",
    }
)
# They read a canonical view and the sums of older days, with the rights of the views' owner, for the current tenant.
OF_READERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "public.read_allocation_summary()": "cc673ee3bb18bf07",
        "public.read_channel_performance()": "7ac7ff6f32cdeaca",
        "public.read_daily_revenue_summary()": "0a26c7775964291c",
    }
)
# Part of every policy. It has no setting, so that it is inlined, and names everything with its schema.
_INLINED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "public.current_tenant_id()": "0d6a48d58193d57c",
    }
)
# They run with the rights of their caller.
_FOR_ALL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "public.holds_no_personal_keys(payload jsonb)": "e33f14a6a47d5efe",
        "public.review_waiting_tenant(tenant uuid, rollup_lock bigint, other_locks bigint[])": "c756132dcb303ac4",
        "public.open_tenant(tenant uuid, shared_lock bigint)": "087e06ba560cc6c7",
        "public.set_tenant(tenant uuid)": "3c1b7b1fd2b793c9",
    }
)
# Trigger functions, and functions that operators and the owner's own functions call.
_FOR_THE_OWNER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "public.count_tenant_rows(tenant uuid)": "4ce2819ba19e9dd9",
        "public.hold_tenant_deletion(tenant uuid)": "d60edecd75ed5112",
        "public.make_sign_in_link(of_email text, new_user uuid, token_digest bytea, lasts_s double precision, "
        "wanted_tenant uuid, as_role text, action_id uuid)": "7ecd2a228873bef8",
        "public.notify_keys_ended()": "a751c38322d4de21",
        "public.refuse_key_revival()": "da8817cd3f288d95",
        "public.renew_statistics(table_name text)": "39cb017b6f442781",
        "public.request_tenant_deletion(tenant uuid, ledger_stays boolean, deletion uuid, job uuid, "
        "correlation uuid)": "7d226db3d090398c",
        "public.tenant_tables()": "ebf14f120c267e3f",
    }
)

_FIXED_PATH: Final = "search_path=pg_catalog; "
FUNCTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: f"{owner}; {rights}; {settings}run by {who}; {digest}"
        for digests, owner, rights, settings, who in (
            (GATES, OWNER, "definer", _FIXED_PATH, "app_user, skeldir_owner"),
            (OF_READERS, VIEW_OWNER, "definer", _FIXED_PATH, "app_user, matview_owner"),
            (_INLINED, OWNER, "invoker", "", "skeldir_owner, PUBLIC"),
            (_FOR_ALL, OWNER, "invoker", _FIXED_PATH, "skeldir_owner, PUBLIC"),
            (_FOR_THE_OWNER, OWNER, "invoker", _FIXED_PATH, "skeldir_owner"),
        )
        for name, digest in digests.items()
    }
)
"""Whose rights each function runs with, who may run it, and the beginning of the SHA-256 of its body."""
