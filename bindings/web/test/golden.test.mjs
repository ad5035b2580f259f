/* The golden contract (tests/golden) in the browser. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { createAligner, open, readPixmap, REPOSITORY } from './browser.mjs';

const FOLDER = `${REPOSITORY}tests/golden/`;

function readContract() {
  const cases = [];
  for (const line of readFileSync(`${FOLDER}golden.txt`, 'ascii').split('\n')) {
    const [key, ...words] = line.split(' ');
    if (key === 'case') cases.push({ name: words[0] });
    else if (cases.length > 0 && key) {
      const text = key === 'frame' || key.endsWith('sha256');
      cases.at(-1)[key] = text ? words[0] : words.map(Number);
    }
  }
  return cases;
}

const largest = (got, expected) => {
  assert.equal(got.length, expected.length);
  return Math.max(...got.map((value, i) => Math.abs(value - Math.fround(expected[i]))));
};

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(Uint8Array.from(part)), createHash('sha256')).digest('hex');

function checkDecoded(one, face) {
  const { yawDeg, pitchDeg, rollDeg } = face.pose;
  const off = largest(face.landmarks.flatMap(({ x, y }) => [x, y]), one.landmarks);
  assert.ok(off <= 1e-4, `${one.name}: landmarks differ by ${off} px`);
  [yawDeg, pitchDeg, rollDeg].forEach((angle, i) => assert.ok(Math.abs(angle - one.pose[i]) <= 1e-4, `${one.name}: pose ${i}: ${angle}`));
  assert.ok(largest(face.shapeParameters, one.shape_parameters) <= 2e-6, `${one.name}: shape parameters`);
  assert.ok(Math.abs(face.plausibility - one.plausibility[0]) <= 1e-5, `${one.name}: plausibility ${face.plausibility}`);
  return off;
}

// LiteRT.js has a build for browsers with relaxed SIMD and one for the others.
for (const build of ['litert_wasm_internal.js', 'litert_wasm_compat_internal.js']) {
  test(`golden contract with ${build}`, (t) => replay(t, build));
}

async function replay(t, build) {
  const cases = readContract();
  assert.ok(cases.length >= 8);
  const { page, problems } = await open(t);
  await createAligner(page, { litertPath: `/litert/wasm/${build}` });
  let decodedOff = 0;

  for (const one of cases.filter(({ frame }) => frame !== '-')) {
    await t.test(`replay ${one.name}`, async () => {
      const { face, look } = await page.evaluate(
        async ({ frame, box, refine }) => {
          const image = { ...frame, data: bytes(frame.base64) };
          const face = await aligner.align(image, box, { refine });
          const look = aligner.lastLook();
          const plain = (array) => Array.from(array);
          return {
            face: { ...face, pointErrors: face.pointErrors && plain(face.pointErrors), shapeParameters: plain(face.shapeParameters) },
            look: { ...look, pixels: plain(look.pixels), outputs: look.outputs.map(plain), rawLandmarks: plain(look.rawLandmarks), rawPose: plain(look.rawPose) },
          };
        },
        { frame: readPixmap(FOLDER + one.frame), box: one.box, refine: one.refine[0] === 1 },
      );
      Object.values(look.crop).forEach((value, i) => assert.ok(Math.abs(value - one.crop[i]) <= 1e-9, `crop ${i}: ${value}`));
      assert.equal(sha256(look.pixels), one.crop_sha256);
      assert.equal(sha256(...look.outputs), one.outputs_sha256, "the network's outputs");
      assert.equal(Math.max(largest(look.rawLandmarks, one.raw_landmarks), largest(look.rawPose, one.raw_pose)), 0);
      decodedOff = Math.max(decodedOff, checkDecoded(one, face));
      if (one.point_errors === undefined) assert.equal(face.pointErrors, null);
      else assert.ok(largest(face.pointErrors, one.point_errors) <= 1e-5, `point errors: ${face.pointErrors}`);
      if (one.confidence === undefined) assert.equal(face.confidence, null);
      else assert.ok(Math.abs(face.confidence - one.confidence[0]) <= 1e-5, `confidence ${face.confidence}`);
    });
  }
  for (const one of cases.filter(({ refine }) => refine[0] === 0)) {
    await t.test(`decode ${one.name}`, async () => {
      const face = await page.evaluate(decodeInPage, one);
      assert.equal(face.confidence, null, 'there is none without a look');
      assert.equal(face.pointErrors, null, 'nor are there errors');
      decodedOff = Math.max(decodedOff, checkDecoded(one, face));
    });
  }
  t.diagnostic(`raw outputs are the same, landmarks differ by ${decodedOff} px at most`);
  assert.deepEqual(problems, []);
}

/** Decoding alone, from the golden raw outputs, by the C library. */
async function decodeInPage(one) {
  const [{ Core, fetchBytes }, { readFace }] = await Promise.all(['core', 'face_aligner'].map((name) => import(`./asmnet-edge/src/${name}.js`)));
  const dist = new URL('asmnet-edge/dist/', location.href);
  window.core ??= await Core.load({}, new URL('asmnet_edge.wasm', dist));
  window.content ??= await fetchBytes(new URL('models/accurate_int8.tflite', dist), 'model');
  const [model, crop, raw] = [content.length, 32, 4 * 139].map((size) => core.allocate(size));
  core.bytes(model, content.length).set(content);
  core.doubles(crop, 4).set(one.crop);
  core.floats(raw, 139).set([...one.raw_landmarks, ...one.raw_pose]);
  const status = core.call('web_decode', model, content.length, crop, raw, raw + 4 * 136);
  if (status !== 0) throw core.error(status);
  const face = readFace(core, 0);
  [model, crop, raw].forEach((pointer) => core.call('web_free', pointer));
  return { ...face, shapeParameters: Array.from(face.shapeParameters) };
}
