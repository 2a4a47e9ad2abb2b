-- What a model version gives a channel of an order, all entries together, beside the order.
WITH credit AS (
    SELECT order_id, currency, model, model_version, channel,
           CAST(sum(allocated_cents) AS BIGINT) AS credited_cents, sum(allocated) AS credited,
           sum(conversions) AS conversions
    FROM {{ ref('stg_skeldir__allocations') }}
    GROUP BY ALL
)
SELECT credit.*, orders.state, orders.balance_cents, orders.first_entry_at, orders.last_entry_at
FROM credit LEFT JOIN {{ ref('stg_skeldir__orders') }} AS orders USING (order_id, currency)
