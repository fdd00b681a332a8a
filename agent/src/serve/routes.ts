import * as license from './license-routes.js';
import type { Route } from './route.js';
import * as version from './version-routes.js';

/** The whole local API: what is not in this table is a 404. */
const ROUTES = {
  'GET /api/v1/license': license.showLicense,
  'GET /api/v1/license/': license.showLicense,
  'GET /api/v1/license/events': license.listen,
  'POST /api/v1/license/activate': license.activate,
  'POST /api/v1/license/verify': license.verify,
  'POST /api/v1/license/refresh': license.refresh,
  'POST /api/v1/license/deactivate': license.deactivate,
  'POST /api/v1/license/rebind': license.rebind,
  'PUT /api/v1/license/usage': license.reportUsage,
  'GET /api/v1/version/info': version.versionInfo,
  'GET /api/v1/version/check': version.checkVersion,
  'GET /api/v1/version/changelog': version.changelog,
  'POST /api/v1/version/update': version.startUpdate,
  'GET /api/v1/version/update/status': version.updateStatus,
} as const satisfies Record<string, Route>;

const TABLE: ReadonlyMap<string, Route> = new Map(Object.entries(ROUTES));

/** `HEAD` is what `GET` would answer, without the body. */
export const routeOf = (method: string, path: string): Route | null =>
  TABLE.get(`${method === 'HEAD' ? 'GET' : method} ${path}`) ?? null;
