import { Module } from '@nestjs/common';
import { LimitsModule } from '../http/limits/limits.module.js';
import { AdminAuthenticator } from './admin-authenticator.js';
import { ArtifactSigner } from '../signing/artifact-signer.js';
import { DownloadGrants } from './download-grants.js';
import { KnownPrefixes } from './known-prefixes.js';
import { LicenseGate } from './license-gate.js';
import { NameLookup, Outbound } from './outbound.js';
import { Passwords } from './passwords.js';
import { SessionCookie } from './session-cookie.js';
import { Sessions } from './sessions.js';

/** Who may come in: panels by their license key, admins by theirs, people by their session. */
@Module({
  imports: [LimitsModule],
  providers: [
    ArtifactSigner,
    DownloadGrants,
    LicenseGate,
    KnownPrefixes,
    AdminAuthenticator,
    Sessions,
    SessionCookie,
    NameLookup,
    Outbound,
    { provide: Passwords, useFactory: () => Passwords.create() },
  ],
  exports: [DownloadGrants, LicenseGate, AdminAuthenticator, Sessions, SessionCookie, Passwords, Outbound],
})
export class AccessModule {}
