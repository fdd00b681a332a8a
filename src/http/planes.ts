interface PlaneRules {
  /** The first path segments after `/api/v1/` that belong to the plane, in lower case. */
  readonly segments: readonly string[];
  /** What bad fields are answered with; a null `error` stands for the first message. */
  readonly badFields: { readonly status: 400 | 422; readonly error: string | null };
}

/**
 * The four planes. The path alone decides which of them answers, and with it the envelope of every refusal.
 * Whatever belongs to no other plane is the panel plane's.
 */
export const PLANES = {
  license: { segments: ['license'], badFields: { status: 422, error: 'Invalid request data' } },
  download: { segments: ['download'], badFields: { status: 422, error: null } },
  admin: { segments: ['admin'], badFields: { status: 422, error: 'Validation failed' } },
  panel: { segments: ['auth', 'portal'], badFields: { status: 400, error: null } },
} as const satisfies Record<string, PlaneRules>;

export type Plane = keyof typeof PLANES;

/** Every plane, for tests that are generated. */
export const PLANE_NAMES = Object.keys(PLANES) as Plane[];

const PLANE_OF_SEGMENT: ReadonlyMap<string, Plane> = new Map(
  PLANE_NAMES.flatMap((plane) => PLANES[plane].segments.map((segment) => [segment, plane] as const)),
);

/** A request target may name its server (`http://host/path`); the path begins behind it. */
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What can be told of a request target as it came off the wire. */
interface Target {
  /** Decoded as the router does it, without server and query. */
  readonly path: string;
  /** The segments of that, in lower case. */
  readonly segments: readonly string[];
}

function readTarget(target: string): Target {
  const raw = target.replace(AUTHORITY, '').split(/[?#]/, 1)[0] ?? '';
  // Each part on its own: one that cannot be decoded must not keep the others from being read.
  const path = raw.split('/').map(decoded).join('/');
  return {
    path,
    segments: path
      .toLowerCase()
      .split('/')
      .filter((segment) => segment !== ''),
  };
}

/** The paths of phone-homes come by the million and are a handful; one with a token in it comes once and is longer. */
export const LONGEST_KNOWN = 48;
const MOST_KNOWN = 500;

const known = new Map<string, Target>();

/** Hooks, guards and the filter each ask for the same target: it is read once, and the usual ones are remembered. */
function targetOf(rawUrl: string): Target {
  const before = known.get(rawUrl);
  if (before !== undefined) return before;
  const target = readTarget(rawUrl);
  if (rawUrl.length <= LONGEST_KNOWN) {
    if (known.size === MOST_KNOWN) known.clear();
    known.set(rawUrl, target);
  }
  return target;
}

/** The path of a request target as it came off the wire, decoded as the router does it, without server and query. */
export const decodedPath = (rawUrl: string): string => targetOf(rawUrl).path;

/**
 * The first path segment behind `/api/v1/` of a request target as it came off the wire, in lower case; null for any
 * other path. Decoded before it is split and compared without regard to case, because the router decodes as well:
 * `/%61pi/v1/license/…` reaches a license route, so it must get that envelope.
 */
export function apiSegmentOf(rawUrl: string): string | null {
  const [api, version, first] = targetOf(rawUrl).segments;
  return api === 'api' && version === 'v1' ? (first ?? null) : null;
}

/**
 * The first segment under whose limits by address a request target is counted; null for what is counted by none. The links
 * of the log-in by SSO lie beside the API and are credentials all the same.
 */
export function countedSegmentOf(rawUrl: string): string | null {
  const [first, second] = targetOf(rawUrl).segments;
  return first === 'sso' && second === 'consume' ? 'auth' : apiSegmentOf(rawUrl);
}

/** The plane of a request target as it came off the wire. */
export function planeOf(rawUrl: string): Plane {
  return PLANE_OF_SEGMENT.get(apiSegmentOf(rawUrl) ?? '') ?? 'panel';
}
