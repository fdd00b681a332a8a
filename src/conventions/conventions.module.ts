import { Global, Module } from '@nestjs/common';
import { AdminConventions } from './admin-conventions.js';
import { Idempotency } from './idempotency.js';
import { Preconditions } from './preconditions.js';

/** Idempotency-Key, ETag and If-Match, for every call of the admin plane: `bindConventions` puts them around the routes. */
@Global()
@Module({ providers: [Idempotency, Preconditions, AdminConventions], exports: [AdminConventions] })
export class ConventionsModule {}
