/** What the classifier is given: heads with their values, and rows with a distribution for each head. */

export interface HeadSpec {
  readonly key: string
  /** Canonical JSON texts. */
  readonly values: readonly string[]
}

export interface ClassifierRow {
  readonly input: string
  /** For each head's key a distribution over its values, in their order. */
  readonly targets: Readonly<Record<string, Float32Array>>
}
