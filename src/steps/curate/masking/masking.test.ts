import {
  faker,
  fakerCS_CZ,
  fakerDE,
  fakerEN_GB,
  fakerES,
  fakerFR,
  fakerIT,
  fakerNL,
  fakerPL,
  fakerPT_BR,
  type Faker,
} from '@faker-js/faker'
import { describe, expect, it } from 'vitest'
import { maskKinds, type MaskKind } from '../../../core/masking.ts'
import type { Json } from '../../../core/json.ts'
import type { Example } from '../../../core/row.ts'
import { maskExample, maskExamples } from './mask-example.ts'

function example(input: string, output: Json = null): Example {
  return {
    row: { id: '1', key: 'k', input, group: 'g', source: { file: 'f', line: 1 } },
    output,
    origin: 'teacher',
  }
}

const mask = (input: string): string => maskExample(example(input), [...maskKinds]).example.row.input

const locales: readonly Faker[] = [
  faker,
  fakerEN_GB,
  fakerDE,
  fakerFR,
  fakerES,
  fakerIT,
  fakerNL,
  fakerPL,
  fakerPT_BR,
  fakerCS_CZ,
]

const makers: Readonly<Record<Exclude<MaskKind, 'key'>, (from: Faker, index: number) => string>> = {
  email: (from) => from.internet.email(),
  phone: (from, index) =>
    from.phone.number({ style: (['human', 'national', 'international'] as const)[index % 3] }),
  card: (from) => from.finance.creditCardNumber(),
  iban: (from, index) => from.finance.iban({ formatted: index % 2 === 0 }),
  ip: (from, index) => (index % 2 === 0 ? from.internet.ipv4() : from.internet.ipv6()),
}

const sentences = [
  (value: string) => `Please write it down: ${value}.`,
  (value: string) => `We were told ${value}, and nothing happened`,
  (value: string) => `${value} is what stands in my account`,
  (value: string) => `It used to be different (${value}) until last week.`,
  (value: string) => `Bitte nehmen Sie ${value} und nicht das andere!`,
]

describe('values of ten locales, set in sentences', () => {
  it.each(Object.keys(makers) as (keyof typeof makers)[])('finds and keeps apart: %s', (kind) => {
    const missed: string[] = []
    let count = 0
    for (const from of locales) {
      from.seed(11)
      for (let index = 0; index < 40; index++) {
        const value = makers[kind](from, index)
        const masked = mask(sentences[index % sentences.length](value))
        if (masked !== sentences[index % sentences.length](`[${kind.toUpperCase()}_1]`)) missed.push(value)
        count++
      }
    }
    // Three in a hundred may be missed; the list says which.
    expect(missed.slice(Math.floor(0.03 * count))).toEqual([])
  })
})

/** What looks like personal data and is none. */
function lookAlikes(): string[] {
  faker.seed(5)
  const digits = (length: number): string => faker.string.numeric({ length, allowLeadingZeros: false })
  const makersOfOthers: readonly (() => string)[] = [
    () => `order ${digits(8)} has not arrived`,
    () => `Ticket #${digits(6)} is still open`,
    () => `see case ${digits(6)}-${digits(2)}`,
    () => `invoice INV-${digits(5)} from ${faker.date.past().toISOString().slice(0, 10)}`,
    () => `it broke on ${faker.date.past().toLocaleDateString('de-DE')} at 14:05:33`,
    () => `we run version ${digits(1)}.${digits(2)}.${digits(1)}.${digits(3)} everywhere`,
    () => `firmware v${digits(1)}.${digits(1)}.${digits(1)}.${digits(2)}`,
    () => `that is 1.${digits(3)}.${digits(3)},00 € too much`,
    () => `it costs $${digits(1)},${digits(3)},${digits(3)}.50 a year`,
    () => `ISBN 978-3-${digits(2)}-${digits(6)}-${digits(1)}`,
    () => `parcel number ${digits(12)} went missing`,
    () => `the build ${faker.git.commitSha()} fails`,
    () => `id ${faker.string.uuid()}`,
    () => `from ${1990 + faker.number.int(20)}-${2012 + faker.number.int(12)}`,
    () => `${digits(3)} of ${digits(4)} files, ${digits(2)}.${digits(1)} GB`,
    () => `at ${faker.location.latitude()}, ${faker.location.longitude()}`,
    () => `ask @${faker.internet.username().replaceAll('.', '')} on the forum`,
    () => `between 09:00-17:30 and 18:00-22:15`,
    () => `serial ${faker.string.alphanumeric({ length: 12, casing: 'upper' })}`,
    () => `sk-learn and pk-based tables, ratio ${digits(2)}:${digits(2)}`,
  ]
  return Array.from({ length: 200 }, (_, index) => makersOfOthers[index % makersOfOthers.length]())
}

it('leaves 200 look-alikes as they are', () => {
  const changed = lookAlikes().filter((text) => mask(text) !== text)
  expect(changed.slice(6)).toEqual([])
})

describe('secrets', () => {
  it.each([
    'sk-proj-abcdefghijklmnop1234567890',
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAK\n-----END RSA PRIVATE KEY-----',
  ])('finds %s', (secret) => {
    expect(mask(`The key is ${secret} in our settings`)).toBe('The key is [KEY_1] in our settings')
  })
})

describe('maskExample', () => {
  it('gives the same value the same placeholder, in context, turns and answer', () => {
    const { row } = example('')
    const context = 'from=ann@example.org\n'
    const given: Example = {
      ...example('', { to: 'ann@example.org', others: ['bob@example.org', 'none'] }),
      row: {
        ...row,
        context,
        input: `${context}Write to bob@example.org or ann@example.org`,
        history: [{ role: 'user', content: 'I am ann@example.org' }],
      },
    }
    const { example: masked, counts } = maskExample(given, ['email'])
    expect(masked.row).toMatchObject({
      context: 'from=[EMAIL_1]\n',
      input: 'from=[EMAIL_1]\nWrite to [EMAIL_2] or [EMAIL_1]',
      history: [{ role: 'user', content: 'I am [EMAIL_1]' }],
      key: 'k',
    })
    expect(masked.output).toEqual({ to: '[EMAIL_1]', others: ['[EMAIL_2]', 'none'] })
    expect(counts.email).toBe(2)
  })

  it('masks only the kinds that were asked for, and counts them', () => {
    const rows = [example('ann@example.org from 192.168.0.1'), example('nothing here')]
    const { examples, masked } = maskExamples(rows, ['ip', 'phone'])
    expect(examples.map(({ row }) => row.input)).toEqual(['ann@example.org from [IP_1]', 'nothing here'])
    expect(masked).toEqual({ ip: 1, phone: 0 })
    expect(maskExamples(rows, [])).toEqual({ examples: rows, masked: null })
  })
})
