# The server with its own Podman.  It makes containers inside this one, so it must run privileged;
# without that it says at once what is missing and ends (README, "Where it runs").
#
#   podman build -t sandpod .
#   podman run --privileged -p 3000:3000 -v sandpod:/var/lib/containers sandpod
#
# BASE may be any Debian 13: a root file system made locally serves as well.
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS build
COPY packaging/install.sh /src/packaging/install.sh
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends make busybox-static \
 && /src/packaging/install.sh build
COPY Makefile /src/
COPY include /src/include
COPY src /src/src
COPY migrations /src/migrations
COPY images /src/images
RUN make -C /src all image

FROM ${BASE}
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    podman crun runc conmon netavark iptables nftables uidmap fuse-overlayfs catatonit util-linux \
    ca-certificates libuv1t64 libmicrohttpd12t64 libcurl4t64 libcjson1 libsqlite3-0 libpcre2-8-0 libssl3t64 libmd4c0 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/release/sandpod /src/build/release/agent /src/build/release/builtin.tar /usr/lib/sandpod/
RUN ln -s /usr/lib/sandpod/sandpod /usr/bin/sandpod

# Podman's storage wants a file system that is not an overlay: mount a volume here.
ENV DATA_DIR=/var/lib/containers/sandpod \
    HOST=0.0.0.0 \
    PORT=3000
EXPOSE 3000
# An init that reaps: conmon leaves its dead to process 1 (Podman issue 16431).
ENTRYPOINT ["/usr/bin/catatonit", "--", "/usr/bin/sandpod"]
