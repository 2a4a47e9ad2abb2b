SELECT * FROM {{ source('skeldir', 'journeys') }}
