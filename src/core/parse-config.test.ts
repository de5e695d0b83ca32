import { describe, expect, it } from 'vitest'
import { PotstillError } from './errors.ts'
import { parseConfig } from './parse-config.ts'

const minimal = `name: tickets
data: { labelled: rows.csv }
teacher: { model: openai/gpt-6-sol }
task: { input: message }
`

function fault(text: string): PotstillError {
  try {
    parseConfig(text, 'potstill.yaml')
  } catch (error) {
    if (error instanceof PotstillError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('parseConfig', () => {
  it('fills in defaults, so that a few lines are a whole config', () => {
    const config = parseConfig(minimal, 'potstill.yaml')
    expect(config.student.kind).toBe('micro')
    expect(config.verdict).toEqual({ replaces: 'teacher', marginPoints: 2, metric: 'score' })
    expect(config.machine.usdPerCoreHour).toBe(0.04)
  })

  it('names file, line, key, value and expectation of a wrong value', () => {
    const error = fault(`${minimal}verdict:\n  marginPoints: -1\n`)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toBe('potstill.yaml:6: verdict.marginPoints must be at least 0, got -1')
    expect(error.hint).toContain('2 is a good start')
  })

  it('suggests the key that was probably meant', () => {
    const error = fault(minimal.replace('teacher:', 'techer:'))
    expect(error.message).toContain('potstill.yaml:3: techer is not a known key at the top level')
    expect(error.message).toContain('teacher is missing')
  })

  it('suggests a near key below the top level', () => {
    expect(fault(`${minimal}verdict: { margin_points: 2 }\n`).hint).toBe('Did you mean "marginPoints"?')
  })

  it('points into lists', () => {
    const error = fault(`${minimal}arms:\n  - { name: a, model: openai/x }\n  - { name: b }\n`)
    expect(error.message).toBe('potstill.yaml:7: arms[1].model is missing; expected a string')
  })

  it('says where YAML itself is broken', () => {
    expect(fault('name: [a\n').message).toMatch(/^potstill\.yaml:\d+:\d+: not valid YAML/)
  })

  it('speaks of the form of teacher that was meant', () => {
    const several = 'teacher: { combine: vote, models: [{ name: a, modle: b }] }'
    const error = fault(minimal.replace(/teacher: .*/, several))
    expect(error.message).toContain('teacher.models[0].model is missing')
    expect(error.hint).toContain('Did you mean "model"?')
  })

  it('explains the forms of task.output', () => {
    expect(fault(minimal.replace('task: {', 'task: { output: 7,')).message).toContain(
      'task.output must be the path of a JSON Schema, a schema, { labels: [...] } or text, got 7',
    )
  })

  it('refuses an empty file with what is missing', () => {
    expect(fault('').message).toContain('name is missing')
  })

  it('does not expand a bomb of aliases', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n`
    expect(fault(bomb).message).toContain('alias')
  })
})
