import type { DataSource } from 'typeorm';

/** Authenticates the text of an event, under a key that is not in the database in the clear. */
export type AuditMac = (eventText: string) => Buffer;

/** By data source, and so by the database whose key it is: a process may have several open. */
const macs = new WeakMap<DataSource, AuditMac>();

/** Told once by whoever opens the keys of that database; nothing can be recorded in it before. */
export function authenticateAudit(dataSource: DataSource, mac: AuditMac): void {
  macs.set(dataSource, mac);
}

export function auditMacOf(dataSource: DataSource): AuditMac {
  const mac = macs.get(dataSource);
  if (mac === undefined) throw new Error('The audit log is written to before the keys are open');
  return mac;
}
