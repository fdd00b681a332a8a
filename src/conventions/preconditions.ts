import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { isRecord } from '../http/checks.js';
import { preconditionFailed } from '../http/errors.js';
import { etagOf, isMatched } from '../http/etag.js';
import type { AdminCall } from './admin-call.js';

/** A controller whose resources have a version: `get` answers one of them in the admin plane's envelope. */
interface Resources {
  get(id: string): Promise<unknown>;
}

const isOfResources = (controller: object): controller is Resources =>
  'get' in controller && typeof controller.get === 'function';

const changedMeanwhile = () => preconditionFailed('The resource has changed since it was read');

/** Holds a change to the version of the resource that its sender has seen. */
@Injectable()
export class Preconditions {
  constructor(private readonly modules: ModuleRef) {}

  /**
   * Call it in a unit of work on one snapshot: the resource is read as it is there, and a change by another that commits
   * before ours makes the unit fail, so nothing can come in between.
   * @throws ApiError 404 for no such resource, 412 for another version of it
   */
  async require({ request, controller }: AdminCall, ifMatch: string): Promise<void> {
    const resources = this.modules.get<object>(controller, { strict: false });
    if (!isOfResources(resources)) throw new Error(`${controller.name} has no get(id) to tell a version by`);
    const { id = '' } = request.params as { readonly id?: string };
    const answer = await resources.get(id);
    const etag = etagOf(isRecord(answer) ? answer.data : null);
    if (etag === null || !isMatched(ifMatch, etag)) throw changedMeanwhile();
  }
}
