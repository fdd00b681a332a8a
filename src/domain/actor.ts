/** Who did it, from where, in which request. `address` is personal: the audit log keeps it apart from the event. */
export interface Actor {
  readonly type: 'api_key' | 'user' | 'panel' | 'system';
  readonly id: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

export const SYSTEM: Actor = { type: 'system', id: null, address: null, requestId: null };
