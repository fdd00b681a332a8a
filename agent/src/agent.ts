import { systemClock, type Clock } from './clock.js';
import { CLOCK_TOLERANCE_MS } from './domain/standing.js';
import { AgentFault } from './errors.js';
import type { HardwareReport } from './hardware/hardware-report.js';
import { nothingActivated } from './licensing/nothing-activated.js';
import type { OfflineRequest } from './licensing/offline.js';
import type { Answered, Outcome } from './licensing/outcome.js';
import { currentVersion, reportHardware, type Panel } from './licensing/panel.js';
import type { RebindOptions } from './licensing/rebind.js';
import { passedTime } from './licensing/records.js';
import { bareStatus, statusOf } from './licensing/status-of.js';
import type { Settings } from './settings.js';
import { readWhole } from './state/read-whole.js';
import { StateFolder } from './state/state-folder.js';
import { writeUsage } from './state/usage-file.js';
import type { AgentState } from './state/state.js';
import type { Status } from './status.js';
import type { UpdateOffer } from './updates/offer.js';
import type { VerifiedDownload } from './updates/verified-download.js';

/** The time is noted at least so often, so that a clock that is set back by more shows. */
const NOTE_TIME_MS = CLOCK_TOLERANCE_MS;

const MOST_COUNTERS = 100;

const isCounter = ([name, count]: [string, number]) =>
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name) && Number.isSafeInteger(count) && count >= 0;

/**
 * An installed panel's license: one core behind the library, the command line and the local API. Every call that changes
 * something holds the state folder's lock, so that any number of them may run beside each other.
 */
export class Agent implements Panel {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly folder: StateFolder;
  readonly unsaved: Panel['unsaved'] = { license: null };

  constructor(settings: Settings, { clock = systemClock }: { readonly clock?: Clock } = {}) {
    this.settings = settings;
    this.clock = clock;
    this.folder = new StateFolder(settings.stateDir, clock);
  }

  /** Where the panel stands. It asks nobody, and writes nothing but the time, every five minutes at most. */
  async status(): Promise<Status> {
    try {
      const state = await this.folder.read();
      await this.#noteTime(state);
      return await statusOf(this, this.#asRefused(state));
    } catch (error) {
      if (!(error instanceof AgentFault) || error.code !== 'STATE_DAMAGED') throw error;
      const { message } = error;
      return bareStatus({ state: 'unlicensed', code: 'STATE_DAMAGED', message }, this.settings.server);
    }
  }

  /** Binds the license to this machine. `force` sends a key whose check characters don't fit. */
  async activate(key: string, { force = false }: { readonly force?: boolean } = {}): Promise<Outcome> {
    const { activate } = await import('./licensing/activate.js');
    return this.#outcome(await activate(this, key, force));
  }

  /** Phones home. */
  async check(): Promise<Outcome> {
    const { check } = await import('./licensing/check.js');
    return this.#outcome(await check(this));
  }

  /** Gives the seat back. */
  async deactivate(): Promise<Outcome> {
    const { deactivate } = await import('./licensing/deactivate.js');
    return this.#outcome(await deactivate(this));
  }

  /** Moves the seat from other hardware to this machine. */
  async rebind(options: RebindOptions = {}): Promise<Outcome> {
    const { rebind } = await import('./licensing/rebind.js');
    return this.#outcome(await rebind(this, options));
  }

  /** Replaces the counters that the next check reports. @throws AgentFault USAGE, NOT_ACTIVATED */
  async reportUsage(usage: Readonly<Record<string, number>>): Promise<Status> {
    const counters = Object.entries(usage);
    if (counters.length > MOST_COUNTERS || !counters.every(isCounter)) {
      throw new AgentFault(
        'USAGE',
        `Usage is at most ${MOST_COUNTERS} counters with whole numbers from 0 up, such as {"accounts": 10}.`,
      );
    }
    if (!(await readWhole(this.folder))?.license) throw nothingActivated();
    await this.folder.prepare();
    await writeUsage(this.folder.dir, usage);
    return this.status();
  }

  /** What is carried to whoever activates a machine without a network. */
  async offlineRequest(): Promise<OfflineRequest> {
    const { offlineRequest } = await import('./licensing/offline.js');
    return offlineRequest(this);
  }

  /** Installs what was carried back: the text of a lease file. @throws AgentFault FILE_UNACCEPTABLE */
  async offlineInstall(text: string): Promise<Outcome> {
    const { offlineInstall } = await import('./licensing/offline.js');
    return this.#outcome(await offlineInstall(this, text));
  }

  /** Who this machine is, and why. */
  async hardware(): Promise<HardwareReport> {
    const state = await readWhole(this.folder);
    return reportHardware(this, state?.license ? state.hardware.recipe : null);
  }

  /** The version that the panel runs. @throws AgentFault USAGE */
  currentVersion(): Promise<string> {
    return currentVersion(this);
  }

  /** What the panel may update to. @throws AgentFault */
  async checkUpdate(): Promise<UpdateOffer> {
    const { checkUpdate } = await import('./licensing/downloads.js');
    return checkUpdate(this);
  }

  /** A link to a file whose signature has been verified; without a version to what `checkUpdate` offers. @throws AgentFault */
  async requestDownload(version?: string): Promise<VerifiedDownload> {
    const { requestDownload } = await import('./licensing/downloads.js');
    return requestDownload(this, version);
  }

  /** What is known, a refusal that could not be written down included; null also where the state is damaged. */
  async known(): Promise<AgentState | null> {
    return this.#asRefused(await readWhole(this.folder));
  }

  /** With the refusal that could not be written down, for as long as the state is the one that it was about. */
  #asRefused(state: AgentState | null): AgentState | null {
    const refused = this.unsaved.license;
    const license = state?.license ?? null;
    const isSame = license?.licenseId === refused?.licenseId && license?.leaseId === refused?.leaseId;
    return state !== null && refused !== null && isSame ? { ...state, license: refused } : state;
  }

  async #outcome(answered: Answered): Promise<Outcome> {
    if (answered.answer === 'granted') this.unsaved.license = null;
    return { ...answered, status: await this.status() };
  }

  /** Where the folder is busy or can't be written, the next status notes the time. */
  async #noteTime(state: AgentState | null): Promise<void> {
    if (state?.license == null || !this.#isNews(state)) return;
    try {
      await this.folder.tryChange(async (current, save) => {
        if (current !== null) await save({ ...current, time: passedTime(this.clock.now(), current.time) });
      });
    } catch (error) {
      if (!(error instanceof AgentFault)) throw error;
    }
  }

  /** A clock that was set right is noted at once: what is known of its error does not fit it any more. */
  #isNews({ time }: AgentState): boolean {
    const passed = passedTime(this.clock.now(), time);
    const passedMs = Date.parse(passed.lastSeenAt) - Date.parse(time.lastSeenAt);
    return passedMs >= NOTE_TIME_MS || passed.offsetMs !== time.offsetMs;
  }
}
