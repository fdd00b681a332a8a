import { DataKeyRow, SigningKeyRow, KeyRingRow } from './signing-key.entity.js';
import { Product } from './product.entity.js';
import { Policy } from './policy.entity.js';
import { License, LicenseKey } from './license.entity.js';
import { LicenseNotice } from './license-notice.entity.js';
import { Activation, Rebind } from './activation.entity.js';
import { BlockedHardware } from './blocked-hardware.entity.js';
import { Release, Artifact, DownloadToken } from './release.entity.js';
import { ApiKey } from './api-key.entity.js';
import { FailedProof, RecoveryCode, Session, SsoNonce, User } from './user.entity.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { BlockedOfCustomer, Customer, FormerCustomer } from './customer.entity.js';
import { EventRow } from './event.entity.js';
import { RefusalNotice, Webhook, WebhookAttempt, WebhookDelivery } from './webhook.entity.js';
import { AuditEvent, AuditLink, AuditPersonal, AuditPruned, AuditUnsealed } from './audit-event.entity.js';
import { FieldCount, FiguresCounted, LicenseDay, VerdictCount } from './stats.entity.js';

export * from './signing-key.entity.js';
export * from './product.entity.js';
export * from './policy.entity.js';
export * from './license.entity.js';
export * from './license-notice.entity.js';
export * from './activation.entity.js';
export * from './blocked-hardware.entity.js';
export * from './release.entity.js';
export * from './api-key.entity.js';
export * from './user.entity.js';
export * from './customer.entity.js';
export * from './idempotency-key.entity.js';
export * from './event.entity.js';
export * from './webhook.entity.js';
export * from './audit-event.entity.js';
export * from './stats.entity.js';

/** Every table of the service, for the DataSource and for the test that compares them with the schema. */
export const ENTITIES = [
  DataKeyRow,
  SigningKeyRow,
  KeyRingRow,
  Product,
  Policy,
  License,
  LicenseKey,
  LicenseNotice,
  Activation,
  Rebind,
  BlockedHardware,
  Release,
  Artifact,
  DownloadToken,
  ApiKey,
  User,
  Session,
  RecoveryCode,
  SsoNonce,
  FailedProof,
  Customer,
  FormerCustomer,
  BlockedOfCustomer,
  EventRow,
  Webhook,
  WebhookDelivery,
  WebhookAttempt,
  RefusalNotice,
  IdempotencyKey,
  AuditEvent,
  AuditPersonal,
  AuditUnsealed,
  AuditLink,
  AuditPruned,
  VerdictCount,
  LicenseDay,
  FieldCount,
  FiguresCounted,
];
