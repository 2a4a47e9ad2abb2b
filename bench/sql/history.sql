-- Prepares nine older copies of all facts and credit, each shifted back by the number of existing days: ten times the
-- history, with as many orders a day. history_touches.sql and history_credit.sql make the copies, in parallel.

CREATE FUNCTION bench.older_id(id uuid, by interval) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    -- The moment in a UUIDv7 is its first 48 bits, in milliseconds.
    SELECT (lpad(to_hex(('x' || left(hex, 12))::bit(48)::bigint - (extract(epoch FROM by) * 1000)::bigint), 12, '0')
            || right(hex, 20))::uuid
    FROM (SELECT replace(id::text, '-', '') AS hex) h
$$;

CREATE TABLE bench.copies AS
SELECT n, n * s.days AS days, n * s.days * interval '1 day' AS by, ':' || n AS mark
FROM bench.sizes s, generate_series(1, 9) AS n;
