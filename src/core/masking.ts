/** The kinds of personal data that can be masked in training rows. */
export const maskKinds = ['key', 'email', 'iban', 'card', 'ip', 'phone'] as const
export type MaskKind = (typeof maskKinds)[number]
