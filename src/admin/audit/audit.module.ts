import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditService } from './audit.service.js';
import { Pruner } from './pruner.js';
import { Sealer } from './sealer.js';

/** The audit log: read, sealed, verified. It is written by whoever changes something. */
@Module({ controllers: [AuditController], providers: [AuditService, Sealer, Pruner] })
export class AdminAuditModule {}
