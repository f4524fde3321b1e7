# One bot, one small container. The image holds the executable, a folder for its database, and a base with glibc and libstdc++.
#
#   docker build -t perigee .                                      the whole command line, starting the demo
#   docker build --build-arg BOT=src/strategies/NAME.ts -t bot .   one bot, with only the parts it names
#
# Base images are arguments: BUILD_IMAGE needs Node 20 or newer with npm, RUN_IMAGE the same or a newer glibc than it was built with
# and libstdc++ (SQLite and ZeroMQ are native).
ARG BUILD_IMAGE=node:22-bookworm-slim
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY scripts/with-install.mjs scripts/
RUN node scripts/with-install.mjs bun --version
COPY . .
ARG BOT=
RUN npm run --silent build \
  && mkdir -p /out/data \
  && if [ -n "$BOT" ]; then dist/perigee build "$BOT" -o /out/perigee; else cp dist/perigee /out/perigee; fi

FROM ${RUN_IMAGE}
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/perigee /perigee
USER 65532:65532
WORKDIR /data
VOLUME /data
# Inside a container the endpoint must be reachable from outside it; what it then shows without a token is only health and readiness.
ENV PERIGEE_HTTP_HOST=0.0.0.0 PERIGEE_HTTP_PORT=8600
EXPOSE 8600
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/perigee", "status", "--check", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/perigee"]
CMD ["demo"]
