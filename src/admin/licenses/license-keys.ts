import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { LicenseKey } from '../../database/entities/index.js';
import {
  generateLicenseKey,
  maskLicenseKey,
  normalizeLicenseKey,
  type RawLicenseKey,
} from '../../domain/license-key.js';
import { Pepper } from '../../signing/data-keys.js';

/** A key and what is stored of it. */
export interface DrawnKey {
  readonly key: RawLicenseKey;
  readonly row: LicenseKey;
}

/** Draws license keys. */
@Injectable()
export class LicenseKeys {
  constructor(private readonly pepper: Pepper) {}

  draw(prefix: string, licenseId: string, now: Date): DrawnKey {
    const key = generateLicenseKey(prefix, randomBytes(10));
    // Hashed in the spelling under which it will be looked up.
    const hash = this.pepper.hash('license-key', normalizeLicenseKey(key));
    return { key, row: { hash, licenseId, hint: maskLicenseKey(key), createdAt: now, expiresAt: null } };
  }
}
