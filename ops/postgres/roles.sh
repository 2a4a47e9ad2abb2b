#!/bin/sh
# Create the roles and the database of skeldir on a new server. The PostgreSQL image runs this once, as a superuser.
#
# `migrator` owns the database and runs `skeldir migrate`; it is not a superuser. `app_user` runs everything else; the
# migrations grant its rights. Both passwords come from the environment.
set -eu

psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv migrator_password MIGRATOR_PASSWORD
\getenv app_user_password APP_USER_PASSWORD
CREATE ROLE migrator LOGIN CREATEROLE PASSWORD :'migrator_password';
CREATE ROLE app_user LOGIN PASSWORD :'app_user_password';
CREATE DATABASE skeldir OWNER migrator TEMPLATE template0 ENCODING 'UTF8';
SQL
