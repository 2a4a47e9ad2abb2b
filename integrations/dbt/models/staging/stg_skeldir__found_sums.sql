-- The same sums, counted in the rows.
{% for part, columns in skeldir_money().items() -%}
{% set outer = loop -%}
{% for column in columns -%}
{% set version = 'CAST(model_version AS VARCHAR)' if part in skeldir_parts_of_models() else 'CAST(NULL AS VARCHAR)' -%}
SELECT '{{ part }}' AS part, {{ version }} AS model_version, CAST(currency AS VARCHAR) AS currency,
       '{{ column }}' AS column_name, sum({{ column }}) AS cents
FROM {{ ref('stg_skeldir__' ~ part) }} GROUP BY ALL
{% if not (outer.last and loop.last) %}UNION ALL
{% endif -%}
{% endfor -%}
{% endfor %}
