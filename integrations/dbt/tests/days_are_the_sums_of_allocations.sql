-- The credit of a day is the sum of the allocations of that day.
SELECT *
FROM (
    SELECT day, model_version, channel, currency, sum(credited_cents) AS credited_cents
    FROM {{ ref('skeldir_channel_days') }} GROUP BY ALL
) FULL JOIN (
    SELECT day, model_version, channel, currency, sum(allocated_cents) AS allocated_cents
    FROM {{ ref('stg_skeldir__allocations') }} GROUP BY ALL
) USING (day, model_version, channel, currency)
WHERE coalesce(credited_cents, 0) <> coalesce(allocated_cents, 0)
