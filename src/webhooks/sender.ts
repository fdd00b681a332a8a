import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Injectable } from '@nestjs/common';
import { Outbound } from '../access/outbound.js';
import type { TryOutcome } from '../domain/webhook-retries.js';
import { failureSentence, refusalSentence } from './failures.js';
import type { Message } from './message.js';

/** What a try came to; `broken off` was ended by us, and says nothing of the receiver. */
export interface Sent {
  readonly outcome: TryOutcome | 'broken off';
  readonly statusCode: number | null;
  /** A sentence of ours, null when it was accepted. */
  readonly error: string | null;
  readonly durationMs: number;
}

/** From the look-up of the name to the answer's headers. */
export const ANSWER_WITHIN_MS = 10_000;

/** So much of an answer is read, that its sender sees it off, and then thrown away. */
const MOST_ANSWER_BYTES = 65_536;

const GONE = 410;

const isAccepted = (status: number) => status >= 200 && status < 300;

function outcomeOf(status: number): TryOutcome {
  if (isAccepted(status)) return 'accepted';
  return status === GONE ? 'gone' : 'refused';
}

/** Nothing that an answer says is kept: it could be read by who may not reach where it comes from. */
function discard(answer: IncomingMessage): void {
  let bytes = 0;
  answer.on('error', () => undefined);
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES) answer.destroy();
  });
}

/** Makes one request and tells what came of it; it follows nothing and keeps no connection. */
@Injectable()
export class Sender {
  constructor(private readonly outbound: Outbound) {}

  /** Never throws: whatever goes wrong is what the try came to. */
  async send(message: Message, stop: AbortSignal): Promise<Sent> {
    const begun = performance.now();
    const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const told = (outcome: Sent['outcome'], statusCode: number | null, error: string | null): Sent => ({
      outcome,
      statusCode,
      error,
      durationMs: Math.round(performance.now() - begun),
    });
    try {
      const status = await this.answerTo(message, AbortSignal.any([stop, timeout]));
      const outcome = outcomeOf(status);
      return told(outcome, status, outcome === 'accepted' ? null : refusalSentence(status));
    } catch (error) {
      if (stop.aborted) return told('broken off', null, null);
      if (timeout.aborted)
        return told('refused', null, `No answer came within ${ANSWER_WITHIN_MS / 1_000} seconds.`);
      return told('refused', null, failureSentence(error));
    }
  }

  private answerTo({ url, body, headers }: Message, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      this.outbound.refusePrivate(url);
      const request: ClientRequest = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        headers,
        lookup: this.outbound.lookup,
        // A connection of its own for each, so that each is judged by the address it goes to.
        agent: false,
      });
      // The rest of an answer may take no longer either.
      const cut = () => request.destroy(new Error('Took too long'));
      signal.addEventListener('abort', cut, { once: true });
      request.on('close', () => {
        signal.removeEventListener('abort', cut);
        // Nothing says anything after this: who waits for an answer must not wait for ever.
        reject(Object.assign(new Error('Closed without an answer'), { code: 'ECONNRESET' }));
      });
      request.on('error', reject);
      // A receiver that would speak another protocol has answered, but took nothing; its socket would be ours to end.
      request.on('upgrade', (answer, socket) => {
        socket.on('error', () => undefined).destroy();
        resolve(answer.statusCode ?? 0);
      });
      request.on('response', (answer) => {
        discard(answer);
        resolve(answer.statusCode ?? 0);
      });
      if (signal.aborted) cut();
      request.end(body);
    });
  }
}
