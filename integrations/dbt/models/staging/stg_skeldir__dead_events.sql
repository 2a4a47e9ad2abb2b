SELECT * FROM {{ source('skeldir', 'dead_events') }}
