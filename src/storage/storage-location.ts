import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartupError } from '../startup-error.js';

export interface LocalLocation {
  readonly kind: 'local';
  readonly folder: string;
}

export interface S3Location {
  readonly kind: 's3';
  readonly bucket: string;
  /** Goes in front of every key, without slashes at its ends; '' for none. */
  readonly prefix: string;
  /** Null leaves region and endpoint to what the machine is configured for. */
  readonly region: string | null;
  readonly endpoint: string | null;
  /** The bucket in the path instead of the host name, as most servers other than Amazon's want it. */
  readonly forcePathStyle: boolean;
}

/** Where artifacts are kept. */
export type StorageLocation = LocalLocation | S3Location;

const refuse = (why: string, cause?: unknown): never => {
  throw new StartupError(`STORAGE_URL ${why}.`, { cause });
};

/** `file:///folder` is a URL, with its escapes; `file:folder` is a path as it is typed, from the working folder. */
function localFolder(url: string): string {
  if (!url.startsWith('file://')) return resolve(url.slice('file:'.length));
  try {
    return fileURLToPath(url);
  } catch (error) {
    return refuse('names no folder of this machine: write file:/folder', error);
  }
}

const PARAMETERS = ['region', 'endpoint', 'force_path_style'] as const;

type Parameters = Readonly<Record<(typeof PARAMETERS)[number], string | null>>;

function readParameters(query: URLSearchParams): Parameters {
  const known: readonly string[] = PARAMETERS;
  const stranger = [...query.keys()].find((name) => !known.includes(name));
  if (stranger !== undefined) refuse(`has an unknown parameter; it takes ${PARAMETERS.join(', ')}`);
  const [region, endpoint, force_path_style] = PARAMETERS.map((name) => query.get(name) || null);
  return { region: region ?? null, endpoint: endpoint ?? null, force_path_style: force_path_style ?? null };
}

const FLAGS: ReadonlyMap<string | null, boolean> = new Map([
  [null, false],
  ['true', true],
  ['false', false],
]);

function endpointOf(value: string | null): string | null {
  if (value === null) return null;
  const isHttp = URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
  return isHttp ? value : refuse('wants an endpoint that begins with http:// or https://');
}

function bucketOf({ hostname, username, password, port }: URL): string {
  // A URL with a secret in it ends up in logs and process lists.
  if (username !== '' || password !== '') {
    refuse('may not hold credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  if (hostname === '' || port !== '') refuse('must name a bucket: s3://bucket');
  return hostname;
}

/** What flydrive takes in a key as it is; anything else it would refuse at the first upload, or change. */
const PREFIX = /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*)?$/;

function prefixOf({ pathname }: URL): string {
  const prefix = pathname.replace(/^\/|\/$/g, '');
  return PREFIX.test(prefix) ? prefix : refuse('may have letters, digits, _, -, . and / in its prefix');
}

function s3Location(url: string): S3Location {
  if (!URL.canParse(url)) return refuse('must look like s3://bucket/prefix?region=eu-central-1');
  const parsed = new URL(url);
  const { region, endpoint, force_path_style } = readParameters(parsed.searchParams);
  return {
    kind: 's3',
    bucket: bucketOf(parsed),
    prefix: prefixOf(parsed),
    region,
    endpoint: endpointOf(endpoint),
    forcePathStyle: FLAGS.get(force_path_style) ?? refuse('takes true or false for force_path_style'),
  };
}

/**
 * Reads STORAGE_URL; null stands for a folder in the data folder.
 * @throws StartupError in one sentence, which repeats nothing of the URL
 */
export function storageLocation(url: string | null, dataDir: string): StorageLocation {
  if (url === null) return { kind: 'local', folder: join(dataDir, 'storage') };
  return url.startsWith('s3:') ? s3Location(url) : { kind: 'local', folder: localFolder(url) };
}
