-- The channel report of all days. `roas` is null without spend; money stays whole.
SELECT model, model_version, channel, currency,
       CAST(sum(credited_cents) AS BIGINT) AS credited_cents, sum(credited) AS credited, sum(conversions) AS conversions,
       CAST(sum(spend_cents) AS BIGINT) AS spend_cents, sum(spend) AS spend,
       CAST(CASE WHEN sum(spend_cents) > 0 THEN sum(credited_cents) / sum(spend_cents) END AS DECIMAL(38, 4)) AS roas
FROM {{ ref('skeldir_channel_days') }}
GROUP BY ALL
