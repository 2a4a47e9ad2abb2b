-- A model version gives an entry neither more nor less than its money.
SELECT entry_id, model_version, sum(allocated_cents) AS allocated_cents, max(amount_cents) AS amount_cents
FROM {{ ref('stg_skeldir__allocations') }} JOIN {{ ref('stg_skeldir__entries') }} USING (entry_id)
GROUP BY ALL
HAVING sum(allocated_cents) IS DISTINCT FROM max(amount_cents)
