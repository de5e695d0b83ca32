/** The fields of the item that a template names first: `ground_truth` of "{{ item.ground_truth }}". */
import type { Json } from '../../core/json.ts'

export function templateFields(template: Json | undefined): readonly string[] {
  if (typeof template !== 'string') return []
  return [...template.matchAll(/\{\{\s*item\.([\w-]+)/gu)].map(([, name]) => name)
}
