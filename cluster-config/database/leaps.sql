-- The role and the database of a Leaps cluster, with the rights that nodes need and no more. As the superuser:
--   LEAPS_DATABASE_PASSWORD_FILE=/path/to/password psql -X -f leaps.sql
-- Nodes make and change their tables themselves, in the schema 'leaps', which is theirs alone.
\set ON_ERROR_STOP on
\set password `cat "$LEAPS_DATABASE_PASSWORD_FILE"`
SELECT length(:'password') < 12 AS short \gset
\if :short
    \warn 'LEAPS_DATABASE_PASSWORD_FILE must name a file with a password of 12 characters or more'
    \quit 1
\endif

-- A node has at most 8 connections; leave room for the superuser below max_connections.
CREATE ROLE leaps LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 400
    PASSWORD :'password';
CREATE DATABASE leaps ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE leaps FROM PUBLIC;
GRANT CONNECT ON DATABASE leaps TO leaps;

\connect leaps
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA leaps AUTHORIZATION leaps;
ALTER ROLE leaps IN DATABASE leaps SET search_path = leaps;
