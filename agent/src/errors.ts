/**
 * Everything the agent itself refuses, by code: the exit code of the command line and the status of the local API.
 * What the service refuses is no error but a standing, see domain/standing.ts.
 */
export const FAULTS = {
  USAGE: { exit: 4, status: 400 },
  KEY_TYPO: { exit: 4, status: 400 },
  NOT_ACTIVATED: { exit: 3, status: 409 },
  /** The service gave no answer that can be believed. */
  UNREACHABLE: { exit: 5, status: 503 },
  HARDWARE_UNKNOWN: { exit: 1, status: 500 },
  HARDWARE_CHANGED: { exit: 3, status: 409 },
  STATE_DAMAGED: { exit: 3, status: 500 },
  STATE_UNWRITABLE: { exit: 1, status: 500 },
  BUSY: { exit: 1, status: 409 },
  FILE_UNACCEPTABLE: { exit: 1, status: 400 },
  NO_UPDATE: { exit: 1, status: 404 },
  DISK_FULL: { exit: 1, status: 507 },
  DOWNLOAD_BROKEN: { exit: 1, status: 502 },
  UPDATE_REFUSED: { exit: 3, status: 403 },
  HOOK_FAILED: { exit: 1, status: 500 },
} as const satisfies Record<string, { readonly exit: number; readonly status: number }>;

export type FaultCode = keyof typeof FAULTS;

/** A mistake or a misfortune. `message` is one or two sentences for whoever runs the panel, and says what to do. */
export class AgentFault extends Error {
  override readonly name = 'AgentFault';
  readonly code: FaultCode;
  /** Seconds after which it is worth trying again, where the service said so. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: FaultCode,
    message: string,
    options: ErrorOptions & { readonly retryAfterSeconds?: number | null } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

/** The code of a failed system call, `ENOSPC` for instance; null for any other error. */
export function systemCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}
