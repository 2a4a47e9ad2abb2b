-- Each part is in the manifest, with as many rows.
WITH found AS (
    {% for part in skeldir_parts() -%}
    SELECT '{{ part }}' AS part, count(*) AS found_rows FROM {{ ref('stg_skeldir__' ~ part) }}
    {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
)
SELECT part, stated_rows, found_rows
FROM found FULL JOIN {{ ref('stg_skeldir__stated_files') }} USING (part)
WHERE stated_rows IS DISTINCT FROM found_rows
