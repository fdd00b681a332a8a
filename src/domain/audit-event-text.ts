import { canonicalJson, type Json } from './canonical-json.js';

/** An event as the database tells it: by its names, and with all the digits that it has. */
export interface AuditEventFacts {
  readonly id: string;
  /** ISO 8601 in microseconds: a Date would not show a change below a millisecond. */
  readonly occurred_at: string;
  readonly actor_type: string;
  readonly actor_id: string | null;
  readonly action: string;
  readonly subject_type: string;
  readonly subject_id: string | null;
  readonly details: Json;
  readonly request_id: string | null;
  readonly personal_hash: string | null;
}

/** What is authenticated when an event is written: all of it, as one text. */
export const auditEventText = (event: AuditEventFacts): string => canonicalJson({ ...event });

/** A time of this process as the database will tell it. */
export const inMicroseconds = (time: Date): string => time.toISOString().replace('Z', '000Z');
