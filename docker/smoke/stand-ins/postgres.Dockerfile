# A stand-in for the official image of PostgreSQL, for the smoke test where no registry answers: Debian's server behind the same
# variables, paths and user id. Never part of what is shipped.
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE}
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
 && groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres \
 && apt-get update \
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
 && apt-get install --yes --no-install-recommends postgresql \
 && mkdir -p /var/lib/postgresql/data /docker-entrypoint-initdb.d \
 && chown 999:999 /var/lib/postgresql/data && chmod 1777 /var/lib/postgresql/data \
 && ln -s /usr/lib/postgresql/15/bin/* /usr/local/bin/
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
