import { hostname } from 'node:os';
import type { Settings } from './settings.js';

/** All settings of a panel that gives only some; the folder it must name, so that two panels never share one by chance. */
export function settings(given: Partial<Settings> & Pick<Settings, 'stateDir'>): Settings {
  return {
    server: null,
    product: null,
    keyPrefix: null,
    version: null,
    versionFile: null,
    channel: 'stable',
    seedFile: null,
    trustedKeys: [],
    insecureHttp: false,
    downloadDir: null,
    updateHook: null,
    updateHookTimeout: 600,
    // The service's names for these are Node's.
    platform: process.platform,
    arch: process.arch,
    hostname: hostname(),
    // What is undefined is not given, however it is spelled.
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as typeof given),
  };
}
