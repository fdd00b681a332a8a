import { auditEventText, inMicroseconds } from '../../src/domain/audit-event-text.js';

it('An event is one text, whatever the order of its parts, with its time in microseconds', () => {
  expect(inMicroseconds(new Date('2026-03-01T12:00:00.123Z'))).toBe('2026-03-01T12:00:00.123000Z');
  const rest = { actor_type: 'system', actor_id: null, action: 'a.b', subject_type: 'a', subject_id: null };
  const event = { ...rest, id: '1', occurred_at: 'now', request_id: null, personal_hash: null };
  expect(auditEventText({ ...event, details: { b: 1, a: 2 } })).toBe(
    auditEventText({ details: { a: 2, b: 1 }, ...event }),
  );
});
