-- A day, model version, channel and currency: what was earned and what it cost. Spend is that of the channel, whatever the model,
-- so it stands beside each model version and must not be added over them.
SELECT day, model, model_version, channel, currency, credited_cents, credited, conversions, spend_cents, spend
FROM {{ ref('stg_skeldir__channel_days') }}
