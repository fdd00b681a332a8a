import { Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { getOptionsToken, getStorageToken } from '@nestjs/throttler';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { GuessLimiter } from './guess-limiter.js';
import { LicenseKeyGuard, throttlerOptions } from './license-key.guard.js';
import { LimitStore } from './limit-store.js';
import { Limits } from './limits.js';
import { LimitThrottlerStorage } from './throttler-storage.js';

/** Rate limits: one store of counts, in this process or in Redis, and what counts in it. */
@Module({
  providers: [
    {
      provide: LimitStore,
      inject: [CONFIG, Clock],
      useFactory: ({ REDIS_URL }: Config, clock: Clock) =>
        new LimitStore({ redisUrl: REDIS_URL, clock, log: new Logger('Limits') }),
    },
    {
      provide: Limits,
      inject: [LimitStore, CONFIG],
      useFactory: (store: LimitStore, config: Config) => new Limits(store, config),
    },
    { provide: getOptionsToken(), inject: [CONFIG], useFactory: throttlerOptions },
    {
      provide: getStorageToken(),
      inject: [LimitStore],
      useFactory: (store: LimitStore) => new LimitThrottlerStorage(store),
    },
    LicenseKeyGuard,
    GuessLimiter,
  ],
  exports: [Limits, LicenseKeyGuard, GuessLimiter],
})
export class LimitsModule implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly store: LimitStore) {}

  onModuleInit(): Promise<void> {
    return this.store.start();
  }

  /** After the last request was served: until then it still counts across nodes. */
  onApplicationShutdown(): Promise<void> {
    return this.store.stop();
  }
}
