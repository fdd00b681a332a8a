import type { Agent } from '../agent.js';
import type { CheckFacts } from '../domain/backoff.js';
import { correctionMs } from '../licensing/records.js';
import { readWhole } from '../state/read-whole.js';
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

/** Everything that the time of the next check depends on. */
export async function gatherFacts(agent: Agent, status: Status, own: OwnFacts): Promise<Facts> {
  const state = await readWhole(agent.folder);
  const offsetMs = correctionMs(agent.clock.now(), state?.time);
  return {
    license: licenseFacts(state, status, offsetMs),
    standing: status.code,
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
