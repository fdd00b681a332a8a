import { join } from 'node:path';
import { AgentFault } from '../errors.js';
import { fetchAlone, inFolder, type FetchedFile } from './download.js';
import { runHook } from './hook.js';
import { checkForward, nextVersion, refuseOld } from './next-step.js';
import { isTaken } from './foreign-file.js';
import { finalPath, partPath } from './part-file.js';
import { sweepDownloads } from './sweep.js';
import type { UpdateBook } from './update-book.js';
import { unlessAborted } from './unless-aborted.js';
import { downloaded, finished, oneStep, stopped, type SoFar, type UpdateResult } from './update-result.js';
import type { UpdateOptions, UpdatingAgent } from './updating-agent.js';
import type { VerifiedDownload } from './verified-download.js';
import { isNewer } from './versions.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One update, from the first question to the last stepping stone. */
export class UpdateRun {
  constructor(
    private readonly agent: UpdatingAgent,
    private readonly book: UpdateBook,
    private readonly options: UpdateOptions,
  ) {}

  async run(fromVersion: string): Promise<UpdateResult> {
    refuseOld(this.options.version, fromVersion);
    const so: Mutable<SoFar> = { fromVersion, last: null, updatesExpired: false };
    try {
      return await this.#steps(so);
    } catch (error) {
      // What was installed by then is, whatever was broken off after it.
      if (so.last !== null && this.#isCancelled(error)) return stopped(so);
      throw error;
    } finally {
      // So that the service learns the new version; the schedule tells it soon where this fails.
      if (so.last !== null)
        await unlessAborted(this.options.signal, () => this.agent.check()).catch(() => undefined);
    }
  }

  /** Version after version, each of them in `so` once it is installed. */
  async #steps(so: Mutable<SoFar>): Promise<UpdateResult> {
    for (;;) {
      const current = so.last?.version ?? so.fromVersion;
      await this.book.note({ state: 'checking' });
      const offer = await unlessAborted(this.options.signal, () => this.agent.checkUpdate());
      so.updatesExpired = offer.updates_expired;
      const target = nextVersion(offer, this.options.version, current);
      if (target === null) return finished(so);
      const { file, onlyFetched } = await inFolder(this.#folder, () => this.#step(target, current));
      if (onlyFetched !== null) return downloaded(so, file, onlyFetched);
      so.last = { version: await this.#versionAfter(file, current), file };
      if (this.agent.settings.versionFile === null) return oneStep(so);
      if (this.options.signal?.aborted) return stopped(so);
    }
  }

  #isCancelled(error: unknown): boolean {
    return (
      this.options.signal?.aborted === true && error instanceof AgentFault && error.code === 'DOWNLOAD_BROKEN'
    );
  }

  get #folder(): string {
    const { downloadDir, stateDir } = this.agent.settings;
    return downloadDir ?? join(stateDir, 'updates');
  }

  async #step(target: string, current: string) {
    const file = await this.#fetch(target, current);
    const onlyFetched = this.#reasonNotToInstall();
    if (onlyFetched === null) await this.#install(file, current);
    return { file, onlyFetched };
  }

  #reasonNotToInstall(): string | null {
    if (this.options.downloadOnly) return 'It was not installed, as asked.';
    if (this.agent.settings.updateHook !== null) return null;
    return 'No update hook is set, so install it by hand.';
  }

  async #fetch(target: string, current: string): Promise<FetchedFile> {
    const { settings, clock } = this.agent;
    const { signal } = this.options;
    const folder = this.#folder;
    const request = async (): Promise<VerifiedDownload> => {
      const download = await unlessAborted(signal, () => this.agent.requestDownload(target));
      checkForward(download.version, target, current);
      const path = finalPath(folder, download);
      // What somebody else has put there stays theirs, also when it is the very same file.
      const isOurs = settings.downloadDir === null || this.book.files.includes(path);
      const isFree = isOurs || !(await isTaken(path, download));
      await this.book.noteFiles(partPath(folder, download), ...(isFree ? [path] : []));
      return download;
    };
    const download = await request();
    await this.book.note({ state: 'downloading', version: target, size: download.size, received: 0 });
    this.book.say(`Downloading version ${target}.`);
    const { insecureHttp } = settings;
    return fetchAlone({ download, renew: request, folder, clock, progress: this.book, insecureHttp, signal });
  }

  async #install({ path, download }: FetchedFile, current: string): Promise<void> {
    const { settings } = this.agent;
    if (this.options.signal?.aborted) {
      throw new AgentFault('DOWNLOAD_BROKEN', `The update was cancelled; ${path} is kept.`);
    }
    await this.book.note({ state: 'installing' });
    this.book.say(`Installing version ${download.version}.`);
    await runHook({
      command: settings.updateHook ?? [],
      timeoutSeconds: settings.updateHookTimeout,
      path,
      download,
      fromVersion: current,
      logFile: join(settings.stateDir, 'update-hook.log'),
      onLine: (line) => this.book.say(line),
      onStart: (pid) => this.book.noteHook(pid),
    });
    await this.book.note({ hook: null });
  }

  /** The version that runs now; AgentFault HOOK_FAILED when it is still the old one. */
  async #versionAfter({ path, download }: FetchedFile, before: string): Promise<string> {
    const { versionFile } = this.agent.settings;
    const version = versionFile === null ? download.version : await this.agent.currentVersion();
    if (!isNewer(version, before)) {
      throw new AgentFault(
        'HOOK_FAILED',
        `The update hook ended well, but ${versionFile} still says ${version}. Have the hook write ${download.version} there, or look why it has not installed ${path}.`,
      );
    }
    await this.book.note({
      files: await sweepDownloads(this.book.files, new Set([path])),
      installed: true,
      path,
    });
    return version;
  }
}
