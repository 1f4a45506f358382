# A Naru worker. Build: docker build -t naru .   Run: docker run -v ./worker.properties:/etc/naru/worker.properties naru
FROM node:24-slim
WORKDIR /opt/naru
COPY package.json package-lock.json ./
COPY runtime/package.json runtime/
COPY connectors/postgres/package.json connectors/postgres/
COPY connectors/s3/package.json connectors/s3/
COPY connectors/file/package.json connectors/file/
COPY embedded/package.json embedded/
COPY cli/package.json cli/
# The image brings Node and needs no embedded Postgres.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY runtime runtime
COPY connectors connectors
COPY embedded embedded
COPY cli cli
COPY configs configs
USER node
EXPOSE 8083
ENTRYPOINT ["node", "--max-semi-space-size=2", "--single-threaded-gc", "cli/naru.mjs"]
CMD ["worker", "/etc/naru/worker.properties"]
