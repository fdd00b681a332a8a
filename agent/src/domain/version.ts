/** The grammar of semver.org. Nothing is loaded to order versions where it is only asked whether a text is one. */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(\+[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?$/;

const MOST_CHARACTERS = 256;

/** Whether a text is a SemVer version as it is written, which is how the service takes it. */
export const isVersion = (text: string): boolean => text.length <= MOST_CHARACTERS && VERSION.test(text);
