import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { lockKeyRing, readKeyRing } from '../database/key-store.js';
import { JobQueue } from '../jobs/job-queue.js';
import { rotationStart } from '../signing/key-rules.js';
import { MasterKey } from '../signing/master-key.js';
import { rotateSigningKey } from '../signing/rotation.js';

/** Replaces the signing key when its time has come. The new one is published a week before it signs. */
@Injectable()
export class KeyRotation implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
    @Inject(CONFIG) private readonly config: Pick<Config, 'SIGNING_KEY_DAYS' | 'PUBLIC_URL'>,
  ) {}

  onModuleInit(): void {
    this.jobs.define({ name: 'key-rotation', cron: '12 4 * * *', run: () => this.rotate() });
  }

  /** Once, however many nodes ask: whoever waits for the ring finds the new key in it. */
  async rotate(): Promise<void> {
    const { SIGNING_KEY_DAYS: days, PUBLIC_URL: issuer } = this.config;
    const now = this.clock.now();
    await this.dataSource.transaction(async (manager) => {
      await lockKeyRing(manager);
      const signsFrom = rotationStart((await readKeyRing(manager)).keys, days, now);
      if (signsFrom === null) return;
      await rotateSigningKey(manager, { masterKey: this.masterKey, now, issuer, signsFrom });
    });
  }
}
