# A stand-in for the image prom/alertmanager, for the smoke test where no registry answers: Debian's package behind the same paths and
# user id. Never part of what is shipped.
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE}
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
 && apt-get update \
 && apt-get install --yes --no-install-recommends prometheus-alertmanager wget \
 && mkdir -p /alertmanager && chown 65534:65534 /alertmanager
USER 65534:65534
ENTRYPOINT ["prometheus-alertmanager"]
