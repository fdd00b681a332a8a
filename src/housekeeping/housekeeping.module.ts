import { Module } from '@nestjs/common';
import { CleanUp } from './clean-up.js';
import { CountsRetention } from './counts-retention.js';
import { ExpiryNotices } from './expiry-notices.js';
import { KeyRotation } from './key-rotation.js';
import { SeatRelease } from './seat-release.js';

/** What has to be done from time to time, once in the cluster, without anybody asking for it. */
@Module({ providers: [ExpiryNotices, SeatRelease, CleanUp, CountsRetention, KeyRotation] })
export class HousekeepingModule {}
