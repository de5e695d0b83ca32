/** All commands, in the order in which one needs them: that of the help, the README and docs/commands.md. */
import type { CommandDefinition } from './command.ts'
import { compare } from './commands/compare.ts'
import { curate } from './commands/curate.ts'
import { doctor } from './commands/doctor.ts'
import { evaluate } from './commands/evaluate.ts'
import { exportStudent } from './commands/export.ts'
import { generate } from './commands/generate.ts'
import { importFiles } from './commands/import.ts'
import { init } from './commands/init.ts'
import { models } from './commands/models.ts'
import { predict } from './commands/predict.ts'
import { report } from './commands/report.ts'
import { run } from './commands/run.ts'
import { runs } from './commands/runs.ts'
import { serve } from './commands/serve.ts'
import { trace } from './commands/trace.ts'
import { train } from './commands/train.ts'

export const commands: readonly CommandDefinition[] = [
  init,
  importFiles,
  run,
  compare,
  evaluate,
  generate,
  curate,
  train,
  report,
  predict,
  exportStudent,
  serve,
  trace,
  models,
  runs,
  doctor,
]
