import type { Clock } from '../clock.js';
import { markOf } from './process-mark.js';
import type { Progress } from './progress.js';
import { endOf, type UpdateResult } from './update-result.js';
import { NO_UPDATE_YET, storedStatus, writeUpdateStatus, type UpdateStatus } from './update-status.js';

const WRITE_EVERY_MS = 1_000;

/** Keeps the status of an update up to date while it runs, and tells whoever watches. */
export class UpdateBook implements Progress {
  #status: UpdateStatus;
  #writtenAt = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly stateDir: string,
    private readonly clock: Clock,
    private readonly watcher: Progress,
    status: UpdateStatus,
  ) {
    this.#status = status;
  }

  /** Opens it for an update that begins now. */
  static async open(
    { settings, clock }: { readonly settings: { readonly stateDir: string }; readonly clock: Clock },
    fromVersion: string,
    watcher: Progress,
    wanted: string | null = null,
  ): Promise<UpdateBook> {
    const { files } = await storedStatus(settings.stateDir);
    const book = new UpdateBook(settings.stateDir, clock, watcher, {
      ...NO_UPDATE_YET,
      state: 'checking',
      from_version: fromVersion,
      started_at: clock.now().toISOString(),
      wanted,
      pid: process.pid,
      agent: await markOf(process.pid),
      files,
    });
    await book.note({});
    return book;
  }

  /** What was downloaded and is not cleared away. */
  get files(): readonly string[] {
    return this.#status.files;
  }

  /** Writes down a change; it is on the disk when this returns. */
  async note(change: Partial<UpdateStatus>): Promise<void> {
    this.#status = { ...this.#status, ...change };
    this.#writeSoon();
    await this.#writing;
  }

  /** Remembers what is to be cleared away later, before it is there: a killed agent leaves no file behind for good. */
  noteFiles(...paths: string[]): Promise<void> {
    return this.note({ files: [...new Set([...this.#status.files, ...paths])] });
  }

  async noteHook(pid: number): Promise<void> {
    await this.note({ hook: await markOf(pid) });
  }

  /** It has come to an end. */
  close(result: UpdateResult): Promise<void> {
    return this.#end(endOf(result));
  }

  /** It has failed; what was installed before that stays told. */
  fail(error: string): Promise<void> {
    return this.#end({ state: 'failed', error });
  }

  #end(end: Partial<UpdateStatus>): Promise<void> {
    return this.note({ ...end, finished_at: this.clock.now().toISOString(), hook: null });
  }

  begin(file: Parameters<Progress['begin']>[0]): void {
    this.#status = { ...this.#status, size: file.size, received: file.received };
    this.#writeSoon();
    this.watcher.begin(file);
  }

  received(bytes: number): void {
    this.#status = { ...this.#status, received: bytes };
    // The clock may have been set back meanwhile.
    if (Math.abs(this.clock.now().getTime() - this.#writtenAt) >= WRITE_EVERY_MS) this.#writeSoon();
    this.watcher.received(bytes);
  }

  end(): void {
    this.watcher.end();
  }

  say(sentence: string): void {
    this.watcher.say(sentence);
  }

  #writeSoon(): void {
    this.#writtenAt = this.clock.now().getTime();
    const status = this.#status;
    this.#writing = this.#writing.then(() => writeUpdateStatus(this.stateDir, status));
  }
}
