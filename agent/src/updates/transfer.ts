import type { Clock } from '../clock.js';
import { AgentFault, systemCode } from '../errors.js';
import { requestFile, type FileReply } from './file-request.js';
import type { PartFile } from './part-file.js';
import type { Progress } from './progress.js';
import { readReply } from './replies.js';
import type { VerifiedDownload } from './verified-download.js';
import { pauseMs, retryAfterMs } from './waits.js';

const MAX_FAILURES = 10;
const LONGEST_REST_MS = 15 * 60_000;
const STALL_MS = 60_000;

/** How files are fetched. */
export interface TransferMeans {
  /** Asks for another address of the same file when the one at hand has expired. */
  readonly renew: () => Promise<VerifiedDownload>;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly insecureHttp: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which a line counts as broken; 60 seconds unless said otherwise. */
  readonly stallMs?: number | undefined;
}

/** What ends one attempt: the file is there, or another is to be fetched in its place, or it may be tried again. */
type Ending =
  | { readonly kind: 'whole' }
  | { readonly kind: 'replaced'; readonly by: VerifiedDownload }
  | { readonly kind: 'again' }
  | { readonly kind: 'broken'; readonly why: string; readonly restMs: number };

const broken = (why: string, restMs = 0): Ending => ({ kind: 'broken', why, restMs });

/** A sentence's end about a line; such errors name no address, which would be a secret. */
const reasonOf = (error: unknown): string =>
  systemCode(error) ?? (error instanceof Error ? error.message : String(error));

const isTransient = (error: AgentFault) => error.code === 'UNREACHABLE';

/** Gathers one file in its part file, over as many lines as it takes. */
export class Transfer {
  #download: VerifiedDownload;
  #failures = 0;
  #answers = 0;
  /** The most bytes that were there: only more than that is progress, or a line that always breaks would be tried for ever. */
  #most: number;

  constructor(
    private readonly part: PartFile,
    private readonly means: TransferMeans,
    download: VerifiedDownload,
  ) {
    this.#download = download;
    this.#most = part.size;
  }

  /** Whether the bytes came in more than one answer: if they are wrong, some of these may have been about something else. */
  get isGlued(): boolean {
    return this.#answers > 1;
  }

  /** Null when all bytes are there; otherwise the file that is to be fetched instead. */
  async run(): Promise<VerifiedDownload | null> {
    for (;;) {
      if (this.part.size === this.#download.size) return null;
      if (this.means.signal?.aborted) throw this.#cancelled();
      const ending = await this.#attempt();
      if (ending.kind === 'replaced') return ending.by;
      if (ending.kind === 'broken') await this.#pause(ending);
    }
  }

  async #attempt(): Promise<Ending> {
    const { insecureHttp, signal, stallMs = STALL_MS } = this.means;
    const from = this.part.size;
    try {
      const etag = `"${this.#download.sha256}"`;
      const request = { from, etag, stallMs, insecureHttp, signal };
      const reply = await requestFile(this.#download.url, request);
      try {
        return await this.#take(reply, from);
      } finally {
        reply.drop();
      }
    } catch (error) {
      if (this.means.signal?.aborted) throw this.#cancelled();
      if (error instanceof AgentFault) throw error;
      return broken(reasonOf(error));
    }
  }

  async #take(reply: FileReply, from: number): Promise<Ending> {
    const reading = readReply(reply, from, this.#download);
    switch (reading.kind) {
      case 'expired':
        return this.#renew();
      case 'useless part':
        await this.#restart();
        return broken('the service could not go on where the download had stopped');
      case 'later':
        return broken(`the server ${reading.why}`, this.#restOf(reply));
      case 'wrong':
        throw new AgentFault(
          'DOWNLOAD_BROKEN',
          `The server ${reading.why}. Nothing was installed; try again later, and tell your vendor if it stays like this.`,
        );
      case 'whole':
        if (from > 0) await this.#restart();
        return this.#gather(reply);
      case 'rest':
        return this.#gather(reply);
    }
  }

  async #gather(reply: FileReply): Promise<Ending> {
    this.#answers += 1;
    for await (const bytes of reply.bytes()) {
      if (this.part.size + bytes.length > this.#download.size) {
        await this.part.restart();
        throw new AgentFault(
          'DOWNLOAD_BROKEN',
          `The server sent more than the ${this.#download.size} bytes that are signed, so it is another file. Nothing was installed; tell your vendor.`,
        );
      }
      await this.part.append(bytes);
      this.means.progress.received(this.part.size);
      if (this.part.size > this.#most) {
        this.#most = this.part.size;
        this.#failures = 0;
      }
    }
    return this.part.size === this.#download.size ? { kind: 'whole' } : broken('the line ended too early');
  }

  async #renew(): Promise<Ending> {
    this.means.progress.say('The right to download has expired; asking for another.');
    const before = this.#download;
    try {
      this.#download = await this.means.renew();
    } catch (error) {
      if (!(error instanceof AgentFault) || !isTransient(error)) throw error;
      return broken(error.message, (error.retryAfterSeconds ?? 0) * 1_000);
    }
    const { size, sha256, filename } = this.#download;
    const isSame = size === before.size && sha256 === before.sha256 && filename === before.filename;
    if (!isSame) return { kind: 'replaced', by: this.#download };
    this.#failures += 1;
    if (this.#failures > MAX_FAILURES) throw this.#givenUp('each right to download was refused');
    return { kind: 'again' };
  }

  async #restart(): Promise<void> {
    await this.part.restart();
    this.means.progress.received(0);
  }

  #restOf({ status, headers }: FileReply): number {
    const isAsked = status === 429 || status === 503;
    return isAsked ? retryAfterMs(headers['retry-after'], this.means.clock.now().getTime()) : 0;
  }

  async #pause({ why, restMs }: Extract<Ending, { kind: 'broken' }>): Promise<void> {
    this.#failures += 1;
    if (this.#failures > MAX_FAILURES) throw this.#givenUp(why);
    if (restMs > LONGEST_REST_MS) throw this.#putOff(why, Math.ceil(restMs / 1_000));
    const waitMs = Math.max(pauseMs(this.#failures), restMs);
    this.means.progress.say(
      `The download was interrupted (${why}); going on in ${Math.ceil(waitMs / 1_000)} s.`,
    );
    await this.means.clock.sleep(waitMs, this.means.signal);
  }

  get #kept(): string {
    return `${this.part.size} of ${this.#download.size} bytes are kept, and \`mooring-agent update\` goes on from there`;
  }

  #givenUp(why: string): AgentFault {
    return new AgentFault(
      'DOWNLOAD_BROKEN',
      `The download was interrupted ${MAX_FAILURES} times in a row (${why}). ${this.#kept}.`,
    );
  }

  #putOff(why: string, retryAfterSeconds: number): AgentFault {
    return new AgentFault(
      'UNREACHABLE',
      `The download was interrupted (${why}), and the server asks to come back in ${retryAfterSeconds} seconds. ${this.#kept}.`,
      { retryAfterSeconds },
    );
  }

  #cancelled(): AgentFault {
    return new AgentFault('DOWNLOAD_BROKEN', `The download was cancelled. ${this.#kept}.`);
  }
}
