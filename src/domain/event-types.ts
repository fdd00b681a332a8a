/** Every event that a webhook can be sent for. An audit event of the same name tells the same change. */
export const EVENT_TYPES = [
  'license.created',
  'license.updated',
  'license.suspended',
  'license.reinstated',
  'license.revoked',
  'license.renewed',
  'license.expiring',
  'license.expired',
  'license.key_rotated',
  'activation.created',
  'activation.released',
  'activation.rebound',
  'activation.refused',
  'activation.clone_suspected',
  'version.published',
  'version.yanked',
  'customer.created',
  'customer.erased',
  'ping',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** `license.*` for `license.created`; an event without a subject has none. */
const subjectPattern = (type: EventType): string[] =>
  type.includes('.') ? [`${type.slice(0, type.indexOf('.'))}.*`] : [];

/** Everything that a subscription can name to hear of this event. */
export const patternsFor = (type: EventType): readonly string[] => [type, ...subjectPattern(type), '*'];

/** Everything that a subscription can name: `*`, `license.*` and its like, and each event by its name. */
export const EVENT_PATTERNS: readonly string[] = [
  ...new Set(['*', ...EVENT_TYPES.flatMap(subjectPattern), ...EVENT_TYPES]),
];

/** Whether a subscription to these patterns hears of the event. */
export const hears = (patterns: readonly string[], type: EventType): boolean =>
  patternsFor(type).some((pattern) => patterns.includes(pattern));

const NAMES: ReadonlySet<string> = new Set(EVENT_TYPES);

export const isEventType = (name: string): name is EventType => NAMES.has(name);
