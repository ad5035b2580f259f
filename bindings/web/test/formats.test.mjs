/* A camera's formats (tests/golden/formats.txt) in the browser: the network sees what it sees of the RGB picture. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { createAligner, open, PACKAGE, REPOSITORY } from './browser.mjs';

const { pixelsOf } = await import(`${PACKAGE}/src/images.js`);

function readPicture() {
  const lines = readFileSync(`${REPOSITORY}tests/golden/formats.txt`, 'ascii').split('\n').filter((line) => !line.startsWith('#'));
  const { width, height, ...planes } = Object.fromEntries(lines.map((line) => line.split(' ')));
  const bytes = Object.fromEntries(['y', 'u', 'v', 'rgb'].map((name) => [name, [...Buffer.from(planes[name], 'hex')]]));
  return { width: Number(width), height: Number(height), ...bytes };
}

const inTurn = (a, b) => a.flatMap((value, i) => [value, b[i]]);

function inPairs({ width, y, u, v }) {
  const colour = (i) => {
    const at = Math.floor(i / width / 2) * (width / 2) + Math.floor((i % width) / 2);
    return i % 2 === 0 ? u[at] : v[at];
  };
  return y.flatMap((value, i) => [value, colour(i)]);
}

test('camera formats', async (t) => {
  const picture = readPicture();
  const { width, height, y, u, v, rgb } = picture;
  const images = { rgb, nv21: [...y, ...inTurn(v, u)], nv12: [...y, ...inTurn(u, v)], i420: [...y, ...u, ...v], yuyv: inPairs(picture) };
  const { page, problems } = await open(t);
  await createAligner(page);
  const seen = {};
  for (const [format, data] of Object.entries(images)) {
    seen[format] = await page.evaluate(async ({ data, width, height, format }) => {
      const box = { left: 0, top: 0, right: width - 1, bottom: height - 1 };
      await aligner.align({ data: Uint8Array.from(data), width, height, format }, box);
      return Array.from(aligner.lastLook().pixels);
    }, { data, width, height, format });
    assert.ok(seen.rgb.some((value) => value !== seen.rgb[0]), 'the network saw something');
    assert.deepEqual(seen[format], seen.rgb, format);
  }
  assert.deepEqual(problems, []);
});

test('camera frames of another size are refused', () => {
  const refuse = (width, height, format, bytes, message) =>
    assert.throws(() => pixelsOf({ data: new Uint8Array(bytes), width, height, format }), message);
  refuse(7, 8, 'nv21', 84, /an even width and height for nv21, whose pixels share colour, got 7 x 8/);
  refuse(8, 7, 'i420', 84, /an even width and height for i420/);
  refuse(7, 8, 'yuyv', 112, /an even width for yuyv/);
  refuse(8, 8, 'nv12', 95, /expected 8 x 8 x 1.5 bytes of nv12, got 95/);
  assert.equal(pixelsOf({ data: new Uint8Array(112), width: 8, height: 7, format: 'yuyv' }).format, 8);
});
