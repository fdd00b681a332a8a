import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { sessionActor, SessionGuard, type SessionRequest } from '../../access/session.guard.js';
import { Answers } from '../../http/api-doc.js';
import { flag, integer, list, object, text } from '../../http/shapes.js';
import { message } from '../answers.js';
import { BeginFactor, ConfirmFactor, ProveFactor } from './totp.dto.js';
import { TotpService } from './totp.service.js';

const RECOVERY_CODES = object({
  recovery_codes: list(text({ example: '7KXQ2-M9RWD' }), {
    description: 'Each stands in for a code, once. They are shown this once.',
  }),
});

const ENROLMENT = object({
  secret: text({ example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', description: 'Base 32, for typing.' }),
  otpauth_url: text({
    example:
      'otpauth://totp/Mooring:maria?issuer=Mooring&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
  }),
  qr_code: text({ example: 'data:image/png;base64,iVBORw0KGgo=', description: 'The URL as a picture.' }),
});

/**
 * One's own second factor. It begins to count with the first right code, so that nobody is locked out by an app that has not
 * understood. To begin takes the password; to turn it off, or to have new recovery codes, the password and a code: a session
 * alone, which may be stolen, is not enough.
 */
@ApiTags('auth')
@ApiBearerAuth()
@UseGuards(SessionGuard)
@Controller('auth/totp')
export class TotpController {
  constructor(private readonly totp: TotpService) {}

  /** Whether the second factor is on. */
  @Get()
  @Answers(
    'getSecondFactor',
    {
      200: object({ enabled: flag(), recovery_codes_left: integer({ example: 10 }) }),
    },
    { description: 'Whether it is on, and how many recovery codes are left.' },
  )
  async state(@Req() http: SessionRequest) {
    const { enabled, recoveryCodesLeft } = await this.totp.state(http.session.userId);
    return { enabled, recovery_codes_left: recoveryCodesLeft };
  }

  /** A new secret, which counts from the confirmation on. */
  @Post('enroll')
  @HttpCode(200)
  @Answers(
    'enrollSecondFactor',
    { 200: ENROLMENT },
    {
      description: 'It counts from its confirmation on; until then each call makes another.',
      asksPassword: true,
      refuses: {
        401: ['Missing authorization', 'Invalid credentials'],
        409: ['Two-factor authentication is already on', 'Two-factor authentication needs a password'],
      },
    },
  )
  async enroll(@Body() { password }: BeginFactor, @Req() http: SessionRequest) {
    const { secret, url, picture } = await this.totp.enroll(password, sessionActor(http));
    return { secret, otpauth_url: url, qr_code: picture };
  }

  /** Turns the second factor on. */
  @Post('confirm')
  @HttpCode(200)
  @Answers(
    'confirmSecondFactor',
    { 200: RECOVERY_CODES },
    {
      description:
        'A code of the app turns it on. Every other session ends. The answer is the only one that holds the recovery codes.',
      refuses: {
        400: ['The selected code is invalid.'],
        409: ['Two-factor authentication is already on', 'Two-factor authentication has not been begun'],
      },
    },
  )
  async confirm(@Body() body: ConfirmFactor, @Req() http: SessionRequest) {
    return { recovery_codes: await this.totp.confirm(body.code, http) };
  }

  /** Turns the second factor off. */
  @Post('disable')
  @HttpCode(200)
  @Answers(
    'disableSecondFactor',
    { 200: message('Two-factor authentication is off') },
    {
      description: 'With the password and a code, for a stolen session must not be enough.',
      asksPassword: true,
      refuses: {
        401: ['Missing authorization', 'Invalid credentials'],
        409: ['Two-factor authentication is not on'],
      },
    },
  )
  async disable(@Body() body: ProveFactor, @Req() http: SessionRequest) {
    await this.totp.disable(body, sessionActor(http));
    return { message: 'Two-factor authentication is off' };
  }

  /** New recovery codes; the old ones are void. */
  @Post('recovery-codes')
  @HttpCode(200)
  @Answers(
    'renewRecoveryCodes',
    { 200: RECOVERY_CODES },
    {
      description: 'The old ones are void.',
      asksPassword: true,
      refuses: {
        401: ['Missing authorization', 'Invalid credentials'],
        409: ['Two-factor authentication is not on'],
      },
    },
  )
  async renew(@Body() body: ProveFactor, @Req() http: SessionRequest) {
    return { recovery_codes: await this.totp.renewRecoveryCodes(body, sessionActor(http)) };
  }
}
