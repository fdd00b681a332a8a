/** `The colour field is prohibited.` → `the-colour-field-is-prohibited`: a sentence as a name. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
