import { Injectable } from '@nestjs/common';
import { DataSource, IsNull } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { Clock } from '../../clock.js';
import { Activation, License } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import { loadSeatPresence } from '../../database/seat-facts.js';
import { listSeats } from '../../database/seat-lists.js';
import type { Actor } from '../../domain/actor.js';
import { notFound } from '../../http/errors.js';
import { holdLicense } from '../../access/held-license.js';
import type { ActivationsQuery } from './activations.dto.js';
import { release } from '../../access/seat-release.js';

/** The seats of a license, as far as they are seen and freed. */
@Injectable()
export class ActivationsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {}

  async list(licenseId: string, query: ActivationsQuery): Promise<[Activation[], number]> {
    return this.replica.read(async ({ manager }) => {
      const isKnown = isUuid(licenseId) && (await manager.existsBy(License, { id: licenseId }));
      if (!isKnown) throw notFound('License');
      return listSeats(manager, licenseId, query, {
        released: query.released,
        hardwareId: query.hardware_id?.toLowerCase(),
        version: query.version,
      });
    });
  }

  /** @throws 404 unless it is an active seat of that license */
  async release(licenseId: string, activationId: string, actor: Actor): Promise<Activation> {
    return holdLicense(this.dataSource, licenseId, async (held) => {
      const seat = isUuid(activationId)
        ? await held.manager.findOneBy(Activation, {
            id: activationId,
            licenseId: held.license.id,
            releasedAt: IsNull(),
          })
        : null;
      if (seat === null) throw notFound('Activation');
      await release(held, [seat.id], 'admin', { actor, now: this.clock.now() });
      return held.manager.findOneByOrFail(Activation, { id: seat.id });
    });
  }

  /** Frees every seat; answers how many there were. */
  reset(licenseId: string, actor: Actor): Promise<number> {
    return holdLicense(this.dataSource, licenseId, async (held) => {
      const seats = await loadSeatPresence(held.run, held.license.id);
      const ids = seats.map(({ id }) => id);
      return release(held, ids, 'reset', { actor, now: this.clock.now() });
    });
  }
}
