import gt from 'semver/functions/gt.js';
import valid from 'semver/functions/valid.js';

/** Whether a version comes after another, as SemVer orders them; false for what is no version. */
export const isNewer = (version: string, than: string): boolean =>
  valid(version) !== null && valid(than) !== null && gt(version, than);
