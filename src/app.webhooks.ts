import { ACTIVATION_EVENT } from './access/activation-body.js';
import { LICENSE } from './access/license-body.js';
import { REFUSAL_EVENT } from './access/seat-refusal.js';
import { CUSTOMER } from './admin/customers/customer-body.js';
import { VERSION } from './admin/versions/bodies.js';
import type { EventType } from './domain/event-types.js';
import { always, either, id, nullable, object, resource, type Shape } from './http/shapes.js';
import { EXPIRING_EVENT } from './housekeeping/expiry-notices.js';
import type { EventDoc } from './openapi/webhooks.js';

const ERASED = resource('ErasedEvent', { id: nullable(id('License')), erased: always(true) });

/** What was not yet sent when its customer was erased tells no more than that. */
const ofCustomer = (data: Shape) => either<unknown>(data, ERASED);

/** What every event tells, and when. An event without its entry does not compile. */
export const EVENTS = {
  'license.created': { data: ofCustomer(LICENSE), when: 'A license was sold.' },
  'license.updated': { data: ofCustomer(LICENSE), when: 'A license was changed.' },
  'license.suspended': { data: ofCustomer(LICENSE), when: 'A license was suspended.' },
  'license.reinstated': { data: ofCustomer(LICENSE), when: 'A suspended license is good again.' },
  'license.revoked': { data: ofCustomer(LICENSE), when: 'A license was revoked for good.' },
  'license.renewed': { data: ofCustomer(LICENSE), when: 'The dates of a license were extended.' },
  'license.expiring': { data: ofCustomer(EXPIRING_EVENT), when: 'A license ends in 30, 7 or 1 days.' },
  'license.expired': { data: ofCustomer(LICENSE), when: 'A license has ended.' },
  'license.key_rotated': { data: ofCustomer(LICENSE), when: 'A license has a new key.' },
  'activation.created': { data: ofCustomer(ACTIVATION_EVENT), when: 'A seat was taken.' },
  'activation.released': {
    data: ofCustomer(ACTIVATION_EVENT),
    when: 'A seat was freed; `release_reason` tells why.',
  },
  'activation.rebound': { data: ofCustomer(ACTIVATION_EVENT), when: 'A seat was moved to other hardware.' },
  'activation.refused': {
    data: ofCustomer(REFUSAL_EVENT),
    when: 'A call was refused; at most once for a license, code and hour.',
  },
  'activation.clone_suspected': {
    data: ofCustomer(ACTIVATION_EVENT),
    when: 'Two machines seem to share a seat.',
  },
  'version.published': { data: VERSION, when: 'A version is offered to panels.' },
  'version.yanked': { data: VERSION, when: 'A version was taken back.' },
  'customer.created': { data: ofCustomer(CUSTOMER), when: 'A customer was made.' },
  'customer.erased': {
    data: ofCustomer(CUSTOMER),
    when: 'A customer was erased; the data names nobody any more.',
  },
  ping: { data: object({ webhook_id: id('Webhook') }), when: 'A test was asked for.' },
} as const satisfies Record<EventType, EventDoc>;
