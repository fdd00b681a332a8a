import { PASSWORD_MAX } from '../../access/passwords.js';
import { Text } from '../../http/fields.js';

const MAX_CODE = 32;

export class BeginFactor {
  @Text({ required: true, max: PASSWORD_MAX, example: 'correct horse battery staple' })
  password: string;
}

export class ConfirmFactor {
  @Text({ required: true, max: MAX_CODE, example: '123456', description: 'The code that the app shows now.' })
  code: string;
}

export class ProveFactor {
  @Text({ required: true, max: PASSWORD_MAX, example: 'correct horse battery staple' })
  password: string;

  @Text({
    required: true,
    max: MAX_CODE,
    example: '123456',
    description: 'A code of now, or a recovery code.',
  })
  code: string;
}
