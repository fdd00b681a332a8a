import { PASSWORD_MAX } from '../access/passwords.js';
import { Text } from '../http/fields.js';

export class LoginRequest {
  @Text({ required: true, description: 'In any case.' })
  username: string;

  @Text({ required: true, max: PASSWORD_MAX })
  password: string;

  @Text({ max: 32, description: 'The second factor, for users who have one.' })
  totp_code?: string;
}
