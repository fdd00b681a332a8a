import { decodedPath } from './planes.js';

/** What follows in these paths is a credential, and so is nothing else in a path. */
const SECRET_PATH = /(\/download\/+file\/|\/sso\/+consume\/).*/is;

/** Whether a request target carries a credential; to be told before it is known whether there is such a route. */
export const hasSecretPath = (target: string): boolean => SECRET_PATH.test(decodedPath(target));

/** The path of a request target as it may be shown: decoded as the router does it, without credential and query. */
export const shownPath = (target: string): string => decodedPath(target).replace(SECRET_PATH, '$1***');
