# pprofd as a sidecar: docs/containers.md. Build it in a checkout: docker build -t pprofd:0.1.0 .
# Node is pinned: it is what runs with the rights to signal others.
FROM node:24.21.0-trixie-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund && npm run package

FROM node:24.21.0-trixie-slim
COPY --from=build /src/pprofd-*.tgz /tmp/
# Its dependencies are inside. npm and yarn are not needed to run it.
RUN npm install --global --ignore-scripts --offline --no-audit --no-fund /tmp/pprofd-*.tgz \
 && rm -rf /tmp/* /root/.npm /opt/yarn* /usr/local/bin/yarn* /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx \
 && install -d -m 1777 /var/lib/pprofd
# Whichever user the pod makes it, this is where it writes down what it has open in targets.
ENV PPROFD_STATE_DIR=/var/lib/pprofd/state
# Overridden by the pod with the application's user: processes of the same user may be signalled.
USER 1000:1000
# Loopback only: containers of a pod share it, and `kubectl port-forward` ends on it.
EXPOSE 8081
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["pprofd"]
CMD ["serve"]
