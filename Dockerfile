# nginx with ngx_http_wxapp_module, on Debian.
#
#   docker build -t wxapp .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 wxapp            # serves /ping, needs no backend
#
# For a service of your own mount
#   /etc/nginx/conf.d/*.conf              server blocks, included in http {}; default.conf replaced or not
#   /etc/nginx/templates/*.template       the same, with ${WXAPP_...} of the environment filled in
#   /run/secrets/                         AppSecret, JWT key, passwords: the *_file directives name them.
#                                         uid 101 must be able to read them, others should not
#   /docker-entrypoint.d/*.sh, *.envsh    run, or sourced, before nginx starts
# Everything that is written goes to /tmp. The access log is JSON on stdout, the error log stderr.

FROM debian:bookworm-slim AS build

RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        nginx nginx-dev gcc make libc6-dev pkg-config libmariadb-dev libhiredis-dev libyajl-dev \
        libssl-dev libcrypt-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY config ngx_http_wxapp.map ngx_http_wxapp_module.c ./
COPY src src
COPY tools tools
RUN tools/build && strip --strip-unneeded build/ngx_http_wxapp_module.so


FROM debian:bookworm-slim

# libmariadb3 without its plugins: the ones that the module needs are built in or in that package
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        nginx libmariadb3 libhiredis0.14 libyajl2 libssl3 ca-certificates \
    && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled /etc/nginx/sites-available /etc/nginx/modules-enabled \
        /var/log/nginx/* \
    && groupadd --system --gid 101 wxapp \
    && useradd --system --uid 101 --gid 101 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin wxapp \
    && mkdir -p /docker-entrypoint.d /etc/nginx/templates /etc/nginx/conf.d \
    && chown -R root:root /var/lib/nginx /var/log/nginx

COPY --from=build /src/build/ngx_http_wxapp_module.so /usr/lib/nginx/modules/
COPY conf-examples/snippets /etc/nginx/snippets
COPY docker/nginx.conf /etc/nginx/nginx.conf
COPY docker/templates /etc/nginx/templates
COPY docker/entrypoint.d /docker-entrypoint.d
COPY docker/entrypoint docker/healthcheck /usr/local/bin/

ENV WXAPP_PORT=8080

# the module must load in this nginx, and the default configuration be good, before there is an image
RUN entrypoint nginx -t -q && rm -rf /tmp/nginx /tmp/nginx.pid

USER 101:101
EXPOSE 8080
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["healthcheck"]
ENTRYPOINT ["entrypoint"]
CMD ["nginx", "-g", "daemon off;"]
