import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Agent } from '../agent.js';
import type { Schedule } from '../schedule/schedule.js';
import type { EventStream } from './event-stream.js';
import type { UpdateRunner } from './update-runner.js';

/** What the routes work with. */
export interface Panel {
  readonly agent: Agent;
  readonly schedule: Schedule;
  readonly events: EventStream;
  readonly updates: UpdateRunner;
}

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Answers a request that was let in; null when it has written the answer itself. */
export type Route = (
  panel: Panel,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<Answer | null>;

export const ok = (body: object): Answer => ({ status: 200, body });
