import type { Outcome } from '../licensing/outcome.js';
import { readBody } from './body.js';
import { EVENT_HEADERS } from './event-stream.js';
import { licenseBody } from './license-body.js';
import { invalid, Refusal, unreachable } from './refusal.js';
import { ok, type Answer, type Panel, type Route } from './route.js';
import { ActivateBody, NoBody, RebindBody, UsageBody } from './schemas.js';

/** What the service answered, in the panel's envelope. The schedule tells everyone who listens. */
function answered(
  { schedule }: Panel,
  { answer, code, problem, retryAfterSeconds, status }: Outcome,
): Answer {
  schedule.poke();
  if (answer === 'granted') {
    const warnings = problem === null ? status.warnings : [...status.warnings, problem];
    return ok(licenseBody({ ...status, warnings }));
  }
  const sentence = problem ?? status.message;
  if (answer === 'unreachable') throw unreachable(sentence, retryAfterSeconds);
  // The very words of the service, which end without a full stop.
  throw new Refusal(code === 'INVALID_KEY' ? 401 : 403, code, sentence.replace(/\.$/, ''));
}

/** Reads what is held, verifies it anew, and asks nobody. */
export const showLicense: Route = async ({ agent }) => ok(licenseBody(await agent.status()));

export const activate: Route = async (panel, request) => {
  const { key, force } = await readBody(request, ActivateBody);
  return answered(panel, await panel.agent.activate(key, { force: force ?? false }));
};

/** The same as looking, for a panel that changed something on the disk: the schedule looks again too. */
export const verify: Route = async ({ agent, schedule }, request) => {
  await readBody(request, NoBody);
  schedule.poke();
  return ok(licenseBody(await agent.status()));
};

/** Asks the service now. */
export const refresh: Route = async (panel, request) => {
  await readBody(request, NoBody);
  return answered(panel, await panel.agent.check());
};

export const deactivate: Route = async (panel, request) => {
  await readBody(request, NoBody);
  return answered(panel, await panel.agent.deactivate());
};

export const rebind: Route = async (panel, request) => {
  const { key, previous_hardware_id: previousHardwareId } = await readBody(request, RebindBody);
  if (key && !previousHardwareId && (await panel.agent.folder.read())?.license == null) {
    throw invalid('The previous hardware id field is required.');
  }
  const options = { ...(key && { key }), ...(previousHardwareId && { previousHardwareId }) };
  return answered(panel, await panel.agent.rebind(options));
};

/** The counters are replaced, so a forgotten body must not pass for none of them. */
export const reportUsage: Route = async ({ agent }, request) => {
  const { usage } = await agent.reportUsage(await readBody(request, UsageBody, { mustBeThere: true }));
  return ok({ usage });
};

export const listen: Route = async ({ schedule, events }, request, response) => {
  if (request.method === 'HEAD') {
    response.writeHead(200, EVENT_HEADERS).end();
    return null;
  }
  await events.open(response, () => schedule.status());
  return null;
};
