/** The name of the repository whose files lie in a folder of the hub's cache. */

/** "HuggingFaceTB/SmolLM2-135M-Instruct" for ".../models--HuggingFaceTB--SmolLM2-135M-Instruct/snapshots/<commit>", else null. */
export function cachedRepository(path: string): string | null {
  const found = /[/\\]models--([^/\\]+)[/\\]snapshots[/\\][^/\\]+$/.exec(path)
  return found === null ? null : found[1].replaceAll('--', '/')
}
