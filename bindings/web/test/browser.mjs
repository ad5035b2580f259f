/* Headless Chromium on the demo's server, which also serves what the tests import. */
import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
/** What is tested: an unpacked package, else this folder. */
export const PACKAGE = process.env.ASMNET_PACKAGE ?? fileURLToPath(new URL('..', import.meta.url));
const { serve } = await import(`${PACKAGE}/demo/serve.mjs`);

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

const start = (flags = []) => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags] });

let server; // one for all tests of a file, as is the browser without flags of its own
let shared;
after(async () => {
  await shared?.close();
  server?.close();
});

/** Opens the demo's page, closed when the test `t` ends; `flags`: in a browser of its own; `before` runs before its scripts;
 * `context`: more about it, as playwright takes it, without which no service worker is started; `own`: on a server of its own. */
export async function open(t, { flags, before, viewport = { width: 900, height: 700 }, path = '/', context: given = {}, own = false } = {}) {
  const mine = own ? await serve() : (server ??= await serve());
  if (own) t.after(() => mine.close());
  shared ??= flags ? undefined : await start();
  const browser = flags ? await start(flags) : shared;
  const context = await browser.newContext({ viewport, serviceWorkers: 'block', ...given });
  t.after(() => (flags ? browser : context).close());
  const page = await context.newPage();
  const problems = [];
  page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  if (before) await page.addInitScript(before);
  await page.goto(`http://localhost:${mine.address().port}${path}`);
  return { page, problems, server: mine };
}

/** Makes `sdk`, `bytes(base64)` and `aligner` in the page. */
export async function createAligner(page, options = {}) {
  await page.evaluate(async (given) => {
    window.sdk = await import('asmnet-edge');
    window.bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    window.aligner = await sdk.FaceAligner.create({ litertPath: new URL('litert/wasm/', location.href), ...given });
  }, options);
}

/** A binary portable pixmap with one header line, as the SDK takes it, its pixels in base64. */
export function readPixmap(path) {
  const content = readFileSync(path);
  const end = content.indexOf('\n');
  const [magic, width, height, depth] = content.subarray(0, end).toString().split(' ');
  if (magic !== 'P6' || depth !== '255') throw new Error(`${path}: expected a P6 pixmap`);
  return { base64: content.subarray(end + 1).toString('base64'), width: Number(width), height: Number(height), format: 'rgb' };
}
