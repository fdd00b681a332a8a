import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { LicenseGate } from '../access/license-gate.js';
import { Clock } from '../clock.js';
import type { LicenseAction } from '../domain/verdicts.js';
import { VerdictCounts } from '../metrics/verdict-counts.js';
import { KeyRing } from '../signing/key-ring.js';
import { Answers } from './answers.js';
import { CheckInService } from './check-in.service.js';
import type { PanelRequest, RebindRequest } from './license.dto.js';
import { panelCall, type PanelCall } from './panel-call.js';
import { SeatsService } from './seats.service.js';
import type { Verdict } from './verdict.js';

/** The calls of an installed panel, from a validated body to the body of the answer. */
@Injectable()
export class LicensePlane {
  constructor(
    private readonly gate: LicenseGate,
    private readonly seats: SeatsService,
    private readonly checkIns: CheckInService,
    private readonly answers: Answers,
    private readonly ring: KeyRing,
    private readonly counts: VerdictCounts,
    private readonly clock: Clock,
  ) {}

  async activate(body: PanelRequest, http: FastifyRequest) {
    const { verdict, answer } = await this.run('activate', body, http, (call) => this.seats.activate(call));
    return { status: verdict.code === 'VALID' && verdict.created ? 201 : 200, answer };
  }

  async validate(body: PanelRequest, http: FastifyRequest) {
    return (await this.run('validate', body, http, (call) => this.checkIns.validate(call))).answer;
  }

  async deactivate(body: PanelRequest, http: FastifyRequest) {
    return (await this.run('deactivate', body, http, (call) => this.seats.deactivate(call))).answer;
  }

  async rebind(body: RebindRequest, http: FastifyRequest) {
    const from = body.previous_hardware_id.toLowerCase();
    return (await this.run('rebind', body, http, (call) => this.seats.rebind(call, from))).answer;
  }

  keys() {
    return this.ring.jwks(this.clock.now());
  }

  private async run(
    action: LicenseAction,
    body: PanelRequest,
    http: FastifyRequest,
    decide: (call: PanelCall) => Promise<Verdict>,
  ) {
    const knock = await this.gate.knock({
      licenseKey: body.license_key,
      hardwareId: body.hardware_id,
      version: body.version,
      address: http.ip,
    });
    const call = panelCall(action, body, knock, http);
    const verdict = await decide(call);
    this.counts.count(action, verdict.code, verdict.license?.product ?? null, knock.now);
    return { verdict, answer: await this.answers.of(verdict, call.asked) };
  }
}
