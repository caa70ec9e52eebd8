// Bundles the tests of the pure modules and runs them with Node's own runner.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))
const out = mkdtempSync(join(tmpdir(), 'goldwork-tests-'))
const input = readdirSync(here).filter((name) => name.endsWith('.test.ts')).map((name) => join(here, name))
try {
  await build({
    configFile: false,
    root: join(here, '..'),
    logLevel: 'error',
    build: { ssr: true, outDir: out, emptyOutDir: true, target: 'node22', rolldownOptions: { input, output: { entryFileNames: '[name].mjs' } } },
    ssr: { noExternal: true },
  })
  const files = readdirSync(out).filter((name) => name.endsWith('.test.mjs')).map((name) => join(out, name))
  process.exitCode = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(out, { recursive: true, force: true })
}
