-- Celery's own tables, as kombu 5.7 and Celery 5.7 (extended results) expect to find them: neither library then
-- needs to create anything. They hold wake-ups and the errors of tasks, no facts and no tenant.

SET ROLE skeldir_owner;

CREATE SEQUENCE celery.queue_id_sequence AS integer CYCLE;
CREATE SEQUENCE celery.message_id_sequence AS integer CYCLE;
CREATE SEQUENCE celery.task_id_sequence AS integer CYCLE;
CREATE SEQUENCE celery.taskset_id_sequence AS integer CYCLE;

CREATE TABLE celery.kombu_queue (
    id integer NOT NULL PRIMARY KEY,
    name varchar(200) UNIQUE
);

CREATE TABLE celery.kombu_message (
    id integer NOT NULL PRIMARY KEY,
    visible boolean,
    "timestamp" timestamp,
    payload text NOT NULL,
    version smallint NOT NULL,
    queue_id integer CONSTRAINT "FK_kombu_message_queue" REFERENCES celery.kombu_queue (id)
);
CREATE INDEX ix_kombu_message_visible ON celery.kombu_message (visible);
CREATE INDEX ix_kombu_message_timestamp ON celery.kombu_message ("timestamp");
CREATE INDEX ix_kombu_message_timestamp_id ON celery.kombu_message ("timestamp", id);
ALTER TABLE celery.kombu_message SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE TABLE celery.celery_taskmeta (
    id integer NOT NULL PRIMARY KEY,
    task_id varchar(155) UNIQUE,
    status varchar(50),
    result bytea,
    date_done timestamp,
    traceback text,
    children bytea,
    name varchar(155),
    args bytea,
    kwargs bytea,
    worker varchar(155),
    retries integer,
    queue varchar(155),
    stamps bytea
);
CREATE INDEX ix_celery_taskmeta_date_done ON celery.celery_taskmeta (date_done);

CREATE TABLE celery.celery_tasksetmeta (
    id integer NOT NULL PRIMARY KEY,
    taskset_id varchar(155) UNIQUE,
    result bytea,
    date_done timestamp
);
CREATE INDEX ix_celery_tasksetmeta_date_done ON celery.celery_tasksetmeta (date_done);

GRANT USAGE ON SCHEMA celery TO app_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA celery TO app_user;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA celery TO app_user;

RESET ROLE;
