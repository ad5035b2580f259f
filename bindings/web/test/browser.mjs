/* Headless Chromium on the demo's server, which also serves what the tests import. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const { serve } = await import(process.env.ASMNET_PACKAGE ? `${process.env.ASMNET_PACKAGE}/demo/serve.mjs` : '../demo/serve.mjs');

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** Opens the demo's page in a browser of its own, closed when the test `t` ends; `before` runs before its scripts. */
export async function open(t, { flags = [], before, viewport = { width: 900, height: 700 }, path = '/' } = {}) {
  const server = await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags] });
  t.after(async () => {
    await browser.close();
    server.close();
  });
  const page = await browser.newPage({ viewport });
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  if (before) await page.addInitScript(before);
  await page.goto(`http://localhost:${server.address().port}${path}`);
  return { page, problems };
}

/** Makes `aligner` and `image(base64, width, height)` in the page. */
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
