# Three stages; they only run make targets, Debian packages and scripts/models.
FROM debian:bookworm-slim AS models
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates npm
COPY scripts/models /scripts/models
RUN /scripts/models /models

FROM golang:1.26-bookworm AS build
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build VERSION=${VERSION}

FROM debian:bookworm-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates curl libpocketsphinx3 pocketsphinx-en-us flite espeak-ng \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /data --uid 10001 parley \
 && install -d -o parley -g parley -m 0700 /data
COPY --from=build /src/build/parley /usr/local/bin/parley
COPY --from=models /models /usr/local/share/parley/models
USER parley
VOLUME /data
ENV PARLEY_DATA=/data
EXPOSE 8080/tcp 5060/udp 20000-20999/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD curl -fsS http://127.0.0.1:8080/healthz || exit 1
ENTRYPOINT ["parley"]
CMD ["serve"]
