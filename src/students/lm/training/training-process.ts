/** The process that trains: ONNX Runtime blocks the event loop of the process that it runs in. */
import { serveParent } from '../process/serve-parent.ts'
import { trainInProcess } from './train-in-process.ts'
import type { TrainingCalls } from './training-calls.ts'

serveParent<TrainingCalls>({ train: trainInProcess })
