import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { isVersion } from '../domain/version.js';
import { LAPSES } from '../domain/standing.js';
import { AgentFault, systemCode } from '../errors.js';
import { explainHardware, type HardwareReport } from '../hardware/hardware-report.js';
import type { Hardware } from '../hardware/hardware.js';
import { safeAddress } from '../server/address.js';
import type { LicenseRequest } from '../server/proven-answer.js';
import type { Settings } from '../settings.js';
import type { StateFolder } from '../state/state-folder.js';
import type { AgentState, StoredLicense } from '../state/state.js';

const MOST_VERSION_BYTES = 512;

/** What the use cases work with. */
export interface Panel {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly folder: StateFolder;
  /** The license as it was refused, where that could not be written down. */
  readonly unsaved: { license: StoredLicense | null };
}

/** The service's address: the one that is set, or the one that the license was activated at. */
export function serverOf({ settings }: Panel, state: AgentState | null): string {
  const server = settings.server ?? state?.server ?? null;
  if (server !== null) return safeAddress(server, settings.insecureHttp);
  throw new AgentFault(
    'USAGE',
    'No license server is set. Name it with --server, MOORING_AGENT_SERVER or "server" in the configuration file.',
  );
}

async function firstLine(file: string): Promise<string> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(MOST_VERSION_BYTES),
        0,
        MOST_VERSION_BYTES,
        0,
      );
      return buffer.toString('utf8', 0, bytesRead).trim().split(/\s/, 1)[0] ?? '';
    } finally {
      await handle.close();
    }
  } catch (error) {
    const why = systemCode(error) === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new AgentFault('USAGE', `The panel's version can't be read from ${file}: ${why}.`, {
      cause: error,
    });
  }
}

/** The version that the panel runs, from its file or the setting. @throws AgentFault USAGE */
export async function currentVersion({ settings }: Pick<Panel, 'settings'>): Promise<string> {
  const { versionFile, version } = settings;
  const told = versionFile === null ? version : await firstLine(versionFile);
  if (told === null) {
    throw new AgentFault(
      'USAGE',
      'The panel\'s version is not set. Name the file that holds it as "version_file", or set it with --panel-version.',
    );
  }
  if (isVersion(told)) return told;
  const where = versionFile === null ? '' : ` in ${versionFile}`;
  throw new AgentFault('USAGE', `"${told.slice(0, 40)}"${where} is no version such as 1.4.2 (SemVer 2.0).`);
}

/** Who this machine is; by the recipe of the activation where there is one. */
export function reportHardware(
  { settings }: Panel,
  recipe: Hardware['recipe'] | null,
): Promise<HardwareReport> {
  return explainHardware({
    seedFile: settings.seedFile ?? join(settings.stateDir, 'hardware-seed'),
    isSeedConfigured: settings.seedFile !== null,
    recipe,
  });
}

/** The hardware that was found. @throws AgentFault HARDWARE_UNKNOWN */
export function hardwareIn({ hardware, problem }: HardwareReport): Hardware {
  if (hardware !== null) return hardware;
  throw new AgentFault('HARDWARE_UNKNOWN', problem ?? 'This machine has no hardware id.');
}

/** The hardware that holds the seat. @throws AgentFault when this machine is another, or can't tell */
export async function sameHardware(panel: Panel, state: AgentState): Promise<Hardware> {
  const hardware = hardwareIn(await reportHardware(panel, state.hardware.recipe));
  if (hardware.id === state.hardware.id) return hardware;
  throw new AgentFault('HARDWARE_CHANGED', LAPSES.HARDWARE_CHANGED);
}

/**
 * This machine for a seat that is asked for: as it was known before, unless that can't be told any more or a seed was made
 * since, which is how a copied machine becomes one of its own.
 */
export async function hardwareForSeat(panel: Panel, before: AgentState | null): Promise<Hardware> {
  const fresh = await reportHardware(panel, null);
  const known = before?.license ? await reportHardware(panel, before.hardware.recipe) : fresh;
  const isSeeded = fresh.seedFile !== null && known.seedFile === null;
  return hardwareIn(known.hardware === null || isSeeded ? fresh : known);
}

/** What every call of the license plane says. */
export async function licenseRequest(
  panel: Panel,
  key: string,
  hardware: Hardware,
  more: Partial<LicenseRequest> = {},
): Promise<LicenseRequest> {
  const { product, hostname, platform, arch } = panel.settings;
  return {
    license_key: key,
    hardware_id: hardware.id,
    version: await currentVersion(panel),
    ...(product !== null && { product }),
    hostname: hostname.slice(0, 255),
    platform,
    arch,
    ...more,
  };
}
