import { Module } from '@nestjs/common';
import { ActivationsController } from './activations.controller.js';
import { ActivationsService } from './activations.service.js';
import { OfflineActivationService } from './offline-activation.service.js';
import { OfflineSeats } from './offline-seats.js';

@Module({
  controllers: [ActivationsController],
  providers: [ActivationsService, OfflineActivationService, OfflineSeats],
})
export class AdminActivationsModule {}
