#!/bin/bash
# The official image's first start in short: a cluster whose superuser has the password of POSTGRES_PASSWORD_FILE, the scripts of
# /docker-entrypoint-initdb.d over the socket, then the server.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -s "${POSTGRES_PASSWORD_FILE:?}" ]
  # shellcheck disable=SC2086 # options between spaces
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait -o "-c listen_addresses= -c unix_socket_directories=/var/run/postgresql" start
  for script in /docker-entrypoint-initdb.d/*.sql; do
    psql --host=/var/run/postgresql --username=postgres --no-password --file="$script"
  done
  pg_ctl --wait --mode=fast stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
