/** Joins the runtime's files into one script: each file becomes a function of its own, so that no names collide. */
import { readFile } from 'node:fs/promises'

const importLine = /^import\s*\{([^}]*)\}\s*from\s*'\.\/([\w-]+)\.js'[ \t]*;?[ \t]*$/gmu
const exportedName = /^export (?:async )?(?:function\*?|const|let|class) (\w+)/gmu
const blockComment = /^[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*\n?/gmu

/**
 * The named files of runtime/ and what they import, each after what it needs. File `tag-features` is the
 * constant `$tag_features`, an object of what the file exports.
 */
export async function bundleRuntime(names: readonly string[]): Promise<string> {
  const sources = new Map<string, string>()
  for (const name of names) await addFile(name, sources)
  return [...sources].map(([name, source]) => wrap(name, source)).join('\n\n')
}

/** Adds a file behind those that it imports. */
async function addFile(name: string, sources: Map<string, string>): Promise<void> {
  if (sources.has(name)) return
  const source = await readFile(new URL(`./runtime/${name}.js`, import.meta.url), 'utf8')
  for (const [, , imported] of source.matchAll(importLine)) await addFile(imported, sources)
  sources.set(name, source)
}

function wrap(name: string, source: string): string {
  const exported = [...source.matchAll(exportedName)].map(([, each]) => each)
  const body = source
    .replaceAll(blockComment, '')
    .replaceAll(
      importLine,
      (_, imported: string, from: string) => `const {${imported}} = ${constantOf(from)}`,
    )
    .replaceAll(/^export (?=(?:async )?(?:function|const|let|class)\b)/gmu, '')
    .trim()
  if (/^(?:import|export)\b/mu.test(body))
    throw new Error(`runtime/${name}.js: an import or export of a form that is not bundled`)
  return `const ${constantOf(name)} = (() => {\n${body}\nreturn { ${exported.join(', ')} }\n})()`
}

function constantOf(name: string): string {
  return `$${name.replaceAll('-', '_')}`
}
