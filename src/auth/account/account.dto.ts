import { PASSWORD_MAX, PASSWORD_MIN } from '../../access/passwords.js';
import { Text } from '../../http/fields.js';

export class ChangePassword {
  @Text({ required: true, max: PASSWORD_MAX, example: 'correct horse battery staple' })
  old_password: string;

  @Text({
    required: true,
    min: PASSWORD_MIN,
    max: PASSWORD_MAX,
    example: 'seven lazy otters reading maps',
    description: 'Hard to guess; no kinds of characters are asked for.',
  })
  new_password: string;
}
