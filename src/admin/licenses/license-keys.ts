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

/** Draws license keys and tells how they are looked up. */
@Injectable()
export class LicenseKeys {
  constructor(private readonly pepper: Pepper) {}

  draw(prefix: string, licenseId: string, now: Date): DrawnKey {
    const key = generateLicenseKey(prefix, randomBytes(10));
    return {
      key,
      row: { hash: this.hash(key), licenseId, hint: maskLicenseKey(key), createdAt: now, expiresAt: null },
    };
  }

  /** The hash under which a key is stored and looked up, the same for each spelling of it. */
  hash(key: string): Buffer {
    return this.pepper.hash('license-key', normalizeLicenseKey(key));
  }
}
