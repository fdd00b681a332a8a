import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { Answers } from './answers.js';
import { CloneWatch } from './clone-watch.js';
import { CheckInWriter } from './check-in-writer.js';
import { CheckInService } from './check-in.service.js';
import { FreeSeats } from './free-seats.js';
import { JwksController } from './jwks.controller.js';
import { LicenseController } from './license.controller.js';
import { LicensePlane } from './license-plane.js';
import { SeatWriter } from './seat-writer.js';
import { SeatsService } from './seats.service.js';
import { Sightings } from './sightings.js';

/** The license plane: activate, validate, deactivate, rebind, keys. */
@Module({
  imports: [AccessModule, MetricsModule],
  controllers: [LicenseController, JwksController],
  providers: [
    LicensePlane,
    SeatsService,
    FreeSeats,
    SeatWriter,
    CheckInService,
    CheckInWriter,
    Sightings,
    CloneWatch,
    Answers,
  ],
})
export class LicensesModule {}
