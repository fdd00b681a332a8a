import { compare } from 'semver';

/** Longer strings are no versions: `semver` refuses them too, and a bound keeps every comparison cheap. */
const MAX_LENGTH = 256;

/**
 * The grammar of semver.org. `semver` itself is more lenient (a leading v or =, blanks around), and what one side
 * accepts and another refuses would make two spellings of one release.
 */
const NUMBER = '0|[1-9][0-9]*';
const PRERELEASE_PART = `(?:${NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)`;
const BUILD_PART = '[0-9a-zA-Z-]+';
export const VERSION_PATTERN =
  `^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})` +
  `(?:-(${PRERELEASE_PART}(?:\\.${PRERELEASE_PART})*))?` +
  `(?:\\+${BUILD_PART}(?:\\.${BUILD_PART})*)?$`;
const VERSION = new RegExp(VERSION_PATTERN);

/** Numbers past this one lose digits, so `semver` could not tell such versions apart: they are refused. */
const isComparable = (part: string): boolean => !/^[0-9]+$/.test(part) || Number.isSafeInteger(Number(part));

/** Whether a string is a SemVer 2.0 version, of at most 256 characters and with numbers that can be compared. */
export function isVersion(s: string): boolean {
  if (s.length > MAX_LENGTH) return false;
  const match = VERSION.exec(s);
  // Joined and split again, the groups fall into single identifiers; a missing pre-release joins as nothing.
  return match !== null && match.slice(1).join('.').split('.').every(isComparable);
}

/** SemVer precedence as for `sort`: negative when `a` is below `b`, 0 when only build metadata differs. Both are versions. */
export function compareVersions(a: string, b: string): number {
  return compare(a, b);
}

/** Whether a version lies below a floor; without a floor none does. */
export function isBelow(version: string, floor: string | null): boolean {
  return floor !== null && compareVersions(version, floor) < 0;
}

/** The highest of the versions given, the first of equals; null when there is none. */
export function highestVersion(...versions: readonly (string | null)[]): string | null {
  return versions.reduce(
    (highest, version) =>
      version !== null && (highest === null || isBelow(highest, version)) ? version : highest,
    null,
  );
}

/** The version as precedence sees it: without build metadata, so that a release is found whatever build asks. */
export function withoutBuild(version: string): string {
  return version.replace(/\+.*$/, '');
}
