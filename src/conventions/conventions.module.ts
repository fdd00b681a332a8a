import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AdminConventions } from './admin-conventions.js';
import { Idempotency } from './idempotency.js';
import { Preconditions } from './preconditions.js';

/** Idempotency-Key, ETag and If-Match, for every call of the admin plane. */
@Module({
  providers: [Idempotency, Preconditions, { provide: APP_INTERCEPTOR, useClass: AdminConventions }],
})
export class ConventionsModule {}
