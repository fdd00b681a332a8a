import type { RequestClass } from '../../domain/overload.js';

/** By the pattern of a route, or of the nearest above it that is told here. */
const CLASS_OF = {
  '/health': 'process',
  '/metrics': 'process',
  '/.well-known': 'phone_home',
  '/api/v1/license/keys': 'phone_home',
  '/api/v1/license/validate': 'phone_home',
  '/api/v1/license': 'seats',
  '/api/v1/download': 'updates',
  '/api/v1/download/file': 'files',
  '/api/v1/auth': 'people',
  '/sso': 'people',
  '/api/v1/portal': 'people',
  '/api/v1/admin': 'changes',
  '/api/v1/admin/import': 'reports',
  '/api/v1/openapi.json': 'reports',
  '/docs': 'reports',
} as const satisfies Record<string, RequestClass>;

const TOLD: ReadonlyMap<string, RequestClass> = new Map(Object.entries(CLASS_OF));

/** What matches no route costs a look at the credential all the same. */
export const CLASS_OF_UNKNOWN: RequestClass = 'reports';

/** Lists, exports, counts: whatever is read on the admin plane and is not one resource by its id. */
const isReport = (method: string, pattern: string): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  pattern.startsWith('/api/v1/admin/') &&
  !/\/:[^/]+$/.test(pattern);

/** @throws Error for a route that nobody has thought of here, so that the service does not start with it */
export function classOfRoute(method: string, pattern: string): RequestClass {
  if (isReport(method, pattern)) return 'reports';
  for (let above = pattern; above !== ''; above = above.slice(0, above.lastIndexOf('/'))) {
    const told = TOLD.get(above);
    if (told !== undefined) return told;
  }
  throw new Error(`Nobody has said when ${method} ${pattern} is refused under load`);
}
