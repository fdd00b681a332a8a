import type { Clock } from '../clock.js';
import type { Settings } from '../settings.js';
import type { Status } from '../status.js';
import type { UpdateOffer } from './offer.js';
import type { Progress } from './progress.js';
import type { VerifiedDownload } from './verified-download.js';

/** What an update needs of the agent. */
export interface UpdatingAgent {
  readonly settings: Settings;
  readonly clock: Clock;
  status(): Promise<Pick<Status, 'code' | 'message' | 'license'>>;
  currentVersion(): Promise<string>;
  checkUpdate(): Promise<UpdateOffer>;
  /** The right to fetch that version's file, whose signature was verified. */
  requestDownload(version?: string): Promise<VerifiedDownload>;
  check(): Promise<unknown>;
}

export interface UpdateOptions {
  /** This version and no newer one; absent for the newest that the license covers. */
  readonly version?: string | undefined;
  readonly downloadOnly?: boolean | undefined;
  readonly progress?: Progress | undefined;
  /** Breaks off the download. An installation that has begun goes on: half of one is worse than either version. */
  readonly signal?: AbortSignal | undefined;
}
