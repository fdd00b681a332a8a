import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { AdminConventions } from './admin-conventions.js';

/** Stands around the routes that keep the conventions. Each module has its own of it; what they share is behind it. */
@Injectable()
export class KeepsConventions implements NestInterceptor {
  constructor(private readonly conventions: AdminConventions) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return this.conventions.intercept(context, next);
  }
}
