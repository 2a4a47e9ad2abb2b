-- Each day from the first to the last of the delivery: metrics are counted along it.
SELECT CAST(unnest(generate_series(min(day), max(day), INTERVAL 1 DAY)) AS DATE) AS day
FROM {{ ref('skeldir_channel_days') }}
