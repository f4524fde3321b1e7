# One bot, one small container: the executable, a folder for its database, and a base with glibc and libstdc++.
#
#   docker build -t perigee .                                                the whole command line; starts the demo
#   docker build --target bot --build-arg BOT=path/to/bot.ts -t my-bot .     one bot, with only the parts it names
#   docker run --memory 256m --cpus 1 -v my-bot:/data -e BINANCE_API_KEY -e BINANCE_SECRET_KEY my-bot --live
#
# Memory, in MiB; scripts/limits.sh runs each under its limit.
# limit: bot 128m
# limit: bot-with-model 256m
# limit: demo 256m
# With --read-only add --tmpfs /tmp:exec,size=16m: native parts are unpacked into /tmp and mapped from there.
#
# BUILD_IMAGE needs Node 20 or newer with npm. RUN_IMAGE needs glibc no older than the build's, and libstdc++ for SQLite.
ARG BUILD_IMAGE=node:22-bookworm-slim
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY scripts/with-install.mjs scripts/
RUN node scripts/with-install.mjs bun --version
COPY . .
RUN npm run --silent build && mkdir -p /out/data && cp dist/perigee /out/perigee

FROM build AS build-bot
ARG BOT
RUN dist/perigee build "${BOT:?name a bot file: --build-arg BOT=path/to/bot.ts}" -o /out/perigee

FROM ${RUN_IMAGE} AS run
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
# Inside a container the endpoint must be reachable from outside it; what it then shows without a token is only health and readiness.
ENV PERIGEE_HTTP_HOST=0.0.0.0 PERIGEE_HTTP_PORT=8600
# The engine lets garbage grow to twice what lives before it collects all of it. A fifth as much keeps
# memory smaller with full rings; `npm run bench -- --only memory` measures with it.
ENV BUN_JSC_heapGrowthMaxIncrease=0.2
# The engine compiles a function in steps, each after so many calls. What runs a few times with each order would be compiled
# piece by piece over the first hour, memory rising meanwhile; asked for sooner, most of it is over within minutes.
ENV BUN_JSC_thresholdForJITAfterWarmUp=200
ENV BUN_JSC_thresholdForOptimizeAfterWarmUp=200
EXPOSE 8600
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/perigee", "status", "--check", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/perigee"]

FROM run AS bot
COPY --from=build-bot /out/perigee /perigee

FROM run AS demo
COPY --from=build /out/perigee /perigee
CMD ["demo"]
