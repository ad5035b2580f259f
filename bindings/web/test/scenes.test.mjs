/* The golden contract of whole frames (tests/golden/scenes.txt) in the browser. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { createAligner, open, readPixmap, REPOSITORY } from './browser.mjs';

const FOLDER = `${REPOSITORY}tests/golden/`;

function readScenes() {
  const scenes = [];
  let size;
  for (const line of readFileSync(`${FOLDER}scenes.txt`, 'ascii').split('\n')) {
    const [key, ...words] = line.split(' ');
    if (key === 'scene') scenes.push({ name: words[0], detection: [], face: [] });
    else if (key === 'detection' || key === 'face') scenes.at(-1)[key].push(words.map(Number));
    else if (key === 'input_size') size = Number(words[0]);
    else if (scenes.length > 0 && key) scenes.at(-1)[key] = words[0];
  }
  return { size, scenes };
}

/** The file has float32 values with as many digits as restore them, others in full. */
const apart = (got, expected) => Math.min(Math.abs(got - expected), Math.abs(got - Math.fround(expected)));

function close(got, expected, tolerance, what) {
  assert.equal(got.length, expected.length, what);
  got.forEach((value, i) => assert.ok(apart(value, expected[i]) <= tolerance, `${what} ${i}: expected ${expected[i]}, got ${value}`));
  return Math.max(...got.map((value, i) => apart(value, expected[i])));
}

test('golden contract of whole frames', async (t) => {
  const { size, scenes } = readScenes();
  assert.ok(scenes.length >= 5);
  const { page, problems } = await open(t);
  await createAligner(page);
  let off = 0;
  for (const scene of scenes) {
    await t.test(scene.name, async () => {
      const seen = await page.evaluate(see, { frame: readPixmap(FOLDER + scene.frame), zoom: Number(scene.zoom), size });
      assert.equal(createHash('sha256').update(Buffer.from(seen.input, 'base64')).digest('hex'), scene.input_sha256);
      const detections = seen.detections.map(({ box, score, rollDeg }) => [box.left, box.top, box.right, box.bottom, score, rollDeg]);
      assert.equal(detections.length, scene.detection.length);
      detections.forEach((one, i) => {
        assert.deepEqual(one.slice(0, 4), scene.detection[i].slice(0, 4).map(Math.fround), 'box');
        close(one.slice(4), scene.detection[i].slice(4), 1e-5, 'score, roll');
      });
      const faces = seen.faces.map(({ score, plausibility, pose, landmarks }) => [
        score, plausibility, pose.yawDeg, pose.pitchDeg, pose.rollDeg, ...landmarks.flatMap(({ x, y }) => [x, y]),
      ]);
      assert.equal(faces.length, scene.face.length);
      faces.forEach((one, i) => (off = Math.max(off, close(one, scene.face[i], 1e-4, `face ${i}`))));
    });
  }
  t.diagnostic(`faces differ by ${off} at most`);
  assert.deepEqual(problems, []);
});

/** What the detector sees, what it finds, and the faces that two looks agree on. */
async function see({ frame, zoom, size }) {
  const { Core } = await import('./asmnet-edge/src/core.js');
  const [width, height] = [frame.width * zoom, frame.height * zoom];
  const small = bytes(frame.base64);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const from = 3 * (Math.floor(y / zoom) * frame.width + Math.floor(x / zoom));
      data[to] = small[from];
      data[to + 1] = small[from + 1];
      data[to + 2] = small[from + 2];
    }
  }
  window.core ??= await Core.load({}, new URL('asmnet-edge/dist/asmnet_edge.wasm', location.href));
  const [pixels, out] = [core.allocate(data.length), core.allocate(size * size * 3)];
  core.bytes(pixels, data.length).set(data);
  const status = core.call('web_letterbox', pixels, width, height, 1, size, out);
  if (status !== 0) throw core.error(status);
  let input = '';
  for (const byte of core.bytes(out, size * size * 3)) input += String.fromCharCode(byte);
  [pixels, out].forEach((pointer) => core.call('web_free', pointer));
  const image = { data, width, height, format: 'rgb' };
  return { input: btoa(input), detections: await aligner.detect(image), faces: await aligner.predict(image) };
}
