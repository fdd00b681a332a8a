import { agentVersion } from '../agent-version.js';
import { readBody } from './body.js';
import { ok, type Route } from './route.js';
import { UpdateBody } from './schemas.js';

export const versionInfo: Route = async ({ agent }) => {
  const { settings } = agent;
  const { license, server } = await agent.status();
  return ok({
    current_version: await agent.currentVersion(),
    product: license?.product ?? settings.product,
    channel: settings.channel,
    platform: settings.platform,
    arch: settings.arch,
    agent_version: agentVersion(),
    server,
  });
};

export const checkVersion: Route = async ({ agent }) => ok(await agent.checkUpdate());

/** What is new in the release that an update would install. */
export const changelog: Route = async ({ agent }) => {
  const { via_version, latest_version, changelog: text } = await agent.checkUpdate();
  return ok({ version: via_version ?? latest_version, changelog: text });
};

export const startUpdate: Route = async ({ updates }, request) => {
  const { version } = await readBody(request, UpdateBody);
  return { status: 202, body: await updates.start(version || undefined) };
};

export const updateStatus: Route = async ({ updates }) => ok(await updates.status());
