/** What the network says when nobody answers. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
]);

/** Classes of SQLSTATEs, their first two characters: a lost connection, and a server that is full. */
const SERVER_CLASSES: ReadonlySet<string> = new Set(['08', '53']);

/** SQLSTATEs of a transaction that was crossed by others, and goes well the next time. */
const CROSSED: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);

/** SQLSTATEs of a server that starts, stops, fails over or is busy, or does not let us in. */
const SERVER_CODES: ReadonlySet<string> = new Set([
  // A standby after a failover: it reads, and refuses to write.
  '25006',
  '25P03',
  // A password that was changed, a database that is being restored.
  '28000',
  '28P01',
  '3D000',
  ...CROSSED,
  // A statement that ran into its timeout, behind a lock most likely.
  '57014',
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
]);

const SQLSTATE_LENGTH = 5;

const isServerCode = (code: string): boolean =>
  SERVER_CODES.has(code) || (code.length === SQLSTATE_LENGTH && SERVER_CLASSES.has(code.slice(0, 2)));

/** Errors with which the server ends a connection, whatever their code. */
const FATAL: ReadonlySet<unknown> = new Set(['FATAL', 'PANIC']);

/** pg and its pool say these without a code. */
const MESSAGES: ReadonlySet<string> = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  // A server, or a line to it, that takes a statement and never answers.
  'Query read timeout',
  // What TypeORM says when the connection of a transaction was lost between two of its statements.
  'Query runner already released. Cannot run queries anymore.',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
  // What the service says itself to those who wait for a statement behind others.
  'Waited too long for other statements',
]);

/** Wrappers are a few layers deep at most; a bound keeps a cycle from hanging the answer. */
const MAX_DEPTH = 5;

interface Wrapper {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly severity?: unknown;
  readonly message?: unknown;
  readonly driverError?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

function saysItIsDown(error: Wrapper): boolean {
  if (typeof error.code === 'string') {
    if (NETWORK_CODES.has(error.code) || isServerCode(error.code)) return true;
    // A Unix socket that is gone is ENOENT; so is any missing file, but only a connection has this system call.
    if (error.code === 'ENOENT' && error.syscall === 'connect') return true;
    if (FATAL.has(error.severity)) return true;
  }
  return typeof error.message === 'string' && MESSAGES.has(error.message);
}

/** Whether it holds of an error, or of one it wraps: TypeORM's driver error, a cause, one of several tries. */
function someLayer(error: unknown, holds: (error: Wrapper) => boolean, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return false;
  const wrapper: Wrapper = error;
  if (holds(wrapper)) return true;
  const inner = [
    wrapper.driverError,
    wrapper.cause,
    ...(Array.isArray(wrapper.errors) ? wrapper.errors : []),
  ];
  return inner.some((each) => someLayer(each, holds, depth + 1));
}

/** Whether an error is a dependency being down, or too busy to answer. */
export const isDependencyDown = (error: unknown): boolean => someLayer(error, saysItIsDown);

/** Whether an error is of rows in other hands: what touches other rows is not affected. */
export const isCrossed = (error: unknown): boolean =>
  someLayer(error, ({ code }) => typeof code === 'string' && CROSSED.has(code));
