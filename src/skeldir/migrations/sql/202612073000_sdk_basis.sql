-- Which sum counts of the orders that SDKs report. Without a choice they wait.

SET ROLE skeldir_owner;

ALTER TABLE public.webhook_settings ADD COLUMN sdk_basis text COLLATE "C";
ALTER TABLE public.webhook_settings
    ADD CONSTRAINT webhook_settings_sdk_basis_check CHECK (sdk_basis IN ('total', 'revenue'));
COMMENT ON COLUMN public.webhook_settings.sdk_basis IS
    'which sum counts of an order that an SDK reports; null: not chosen, so its movements wait';

GRANT UPDATE (sdk_basis) ON public.webhook_settings TO app_user;

RESET ROLE;
