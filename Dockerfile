# The build needs the whole package; the image that runs carries neither the compiler nor the tests.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The base image brings Node 24 itself, so the copy from npm and all other install scripts stay out.
# The agent is installed with panels: none of its workspace belongs here.
RUN npm ci --ignore-scripts --workspaces=false
COPY nest-cli.json tsconfig.json ./
COPY src ./src
RUN node node_modules/@nestjs/cli/bin/nest.js build && npm prune --omit=dev --ignore-scripts --workspaces=false

FROM node:24-bookworm-slim
ENV NODE_ENV=production DATA_DIR=/var/lib/mooring
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY migrations ./migrations
RUN install -d -o node -g node -m 700 /var/lib/mooring
USER node
VOLUME /var/lib/mooring
EXPOSE 2083
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "dist/health-check.js"]
# As `npm start` does: see docs/performance.md.
ENV MALLOC_ARENA_MAX=2
CMD ["node", "--max-semi-space-size=8", "dist/main.js"]
