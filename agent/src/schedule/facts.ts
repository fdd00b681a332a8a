import type { Agent } from '../agent.js';
import type { CheckFacts } from '../domain/backoff.js';
import { AgentFault } from '../errors.js';
import { correctionMs } from '../licensing/records.js';
import type { AgentState } from '../state/state.js';
import type { Status } from '../status.js';

const timeOf = (text: string | null | undefined): number | null => (text ? Date.parse(text) : null);

const isNumber = (time: number | null): time is number => time !== null;

/** What the schedule itself knows, in milliseconds by this machine's clock. */
export interface OwnFacts {
  /** Checks in a row that brought nothing: an error, or an answer after which there is still something to ask. */
  readonly fruitless: number;
  readonly triedAt: number | null;
  readonly wokeAt: number;
}

export interface Facts extends CheckFacts {
  /** What to add to this machine's clock to get the service's, in milliseconds. */
  readonly offsetMs: number;
}

/** What is not known is not taken for a change. */
const isOther = (runs: string | null, told: string | null): boolean =>
  runs !== null && told !== null && runs !== told;

/** Null also where the settings do not tell it: a check would say so, and this is no reason for one. */
async function versionOf(agent: Agent): Promise<string | null> {
  try {
    return await agent.currentVersion();
  } catch (error) {
    if (error instanceof AgentFault) return null;
    throw error;
  }
}

/** Everything that the time of the next check depends on. */
export async function gatherFacts(agent: Agent, status: Status, own: OwnFacts): Promise<Facts> {
  const state = await agent.known();
  const offsetMs = correctionMs(agent.clock.now(), state?.time);
  return {
    license: licenseFacts(state, status, offsetMs),
    standing: status.code,
    versionChanged: isOther(await versionOf(agent), state?.contact.version ?? null),
    failures: Math.max(state?.contact.failures ?? 0, own.fruitless),
    tries: [timeOf(state?.contact.triedAt), own.triedAt].filter(isNumber),
    notBefore: timeOf(state?.contact.notBefore),
    wokeAt: own.wokeAt,
    offsetMs,
  };
}

function licenseFacts(state: AgentState | null, status: Status, offsetMs: number): CheckFacts['license'] {
  if (!state?.license) return null;
  const { key, refusal } = state.license;
  const refreshAfter = timeOf(status.refresh_after);
  return {
    offline: key === null,
    refusal: refusal?.code ?? null,
    refreshAfter: refreshAfter === null ? null : refreshAfter - offsetMs,
  };
}
