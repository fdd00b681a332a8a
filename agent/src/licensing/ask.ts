import {
  askService,
  proven,
  type LicenseAction,
  type LicenseRequest,
  type ProvenAnswer,
} from '../server/proven-answer.js';
import { withTrust, type Trust } from './trust.js';

/** An answer that is believed, and the keys by which it is. */
export interface Believed {
  readonly answer: ProvenAnswer;
  readonly trust: Trust;
}

/** Asks the service, and believes its answer by the pinned keys or by those that follow from them. @throws UnreachableError */
export async function ask(
  server: string,
  action: LicenseAction,
  request: LicenseRequest,
  { trust, now }: { readonly trust: Trust; readonly now: Date },
): Promise<Believed> {
  const asked = await askService(server, action, request, now);
  const believed = await withTrust(server, trust, now, (pins) => proven(asked, pins));
  return { answer: believed.value, trust: believed.trust };
}
