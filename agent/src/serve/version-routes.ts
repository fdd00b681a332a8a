import { agentVersion } from '../agent-version.js';
import { AgentFault } from '../errors.js';
import { readBody } from './body.js';
import { ok, type Panel, type Route } from './route.js';
import { UpdateBody } from './schemas.js';

/** Null where the agent's own settings do not tell it. */
async function knownVersion({ agent }: Panel): Promise<string | null> {
  try {
    return await agent.currentVersion();
  } catch (error) {
    if (error instanceof AgentFault && error.code === 'USAGE') return null;
    throw error;
  }
}

export const versionInfo: Route = async (panel) => {
  const { agent } = panel;
  const { settings } = agent;
  const { license, server } = await agent.status();
  return ok({
    current_version: await knownVersion(panel),
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
