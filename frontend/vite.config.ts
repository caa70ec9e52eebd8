import { fileURLToPath } from 'node:url'

import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  base: '/',
  // markdown-it's tables of entities: the browser knows them (16 KB less to load).
  resolve: { alias: { entities: fileURLToPath(new URL('./src/lib/entities.ts', import.meta.url)) } },
  build: {
    // tools/frontend.py builds beside the assets that are served and swaps them in when all is well.
    outDir: process.env.GOLDWORK_STATIC ?? '../src/goldwork/web/static',
    emptyOutDir: true,
    target: 'es2022',
    manifest: true,
    license: true,
    reportCompressedSize: false,
    // The Content-Security-Policy allows no inline script: no data: URLs, and no inlined module preload polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': process.env.GOLDWORK_API ?? 'http://127.0.0.1:8000' } },
})
