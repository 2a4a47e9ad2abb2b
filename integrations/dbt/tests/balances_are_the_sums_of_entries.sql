-- An order's balance is the sum of its entries. Of a delivery of some days only, orders have entries outside it: it is not compared.
SELECT order_id, currency, balance_cents, coalesce(sum(amount_cents), 0) AS amount_cents
FROM {{ ref('stg_skeldir__orders') }} LEFT JOIN {{ ref('stg_skeldir__entries') }} USING (order_id, currency)
WHERE (SELECT first_day IS NULL AND end_day IS NULL FROM {{ ref('stg_skeldir__manifest') }})
GROUP BY ALL
HAVING balance_cents IS DISTINCT FROM coalesce(sum(amount_cents), 0)
