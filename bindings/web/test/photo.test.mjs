/* Photos end to end, against what the Python SDK says of the same ones (expect.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { createAligner, open } from './browser.mjs';

const FOLDER = process.env.ASMNET_EXPECTED;
const photos = FOLDER ? JSON.parse(readFileSync(`${FOLDER}/photos.json`, 'utf8')) : {};

const PIXELS = 1e-4;
const REST = 1e-4;

const numbersOf = ({ score, plausibility, confidence, pointErrors, shapeParameters }) => [score, plausibility, confidence, ...(pointErrors ?? []), ...shapeParameters];

const largest = (got, expected) => Math.max(...got.map((value, i) => Math.abs(value - expected[i])));

test('photos as in Python', { skip: FOLDER ? false : 'the Python SDK is not installed' }, async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  for (const [name, expected] of Object.entries(photos)) {
    await t.test(name, async (t) => {
      assert.ok(expected.length >= 1);
      const faces = await page.evaluate(async (png) => {
        const image = Object.assign(new Image(), { src: `data:image/png;base64,${png}` });
        await image.decode();
        return (await aligner.predict(image)).map((face) => ({ ...face, pointErrors: face.pointErrors && Array.from(face.pointErrors), shapeParameters: Array.from(face.shapeParameters) }));
      }, readFileSync(`${FOLDER}/${name}.png`, 'base64'));
      assert.equal(faces.length, expected.length);
      faces.forEach((face, i) => {
        const landmarks = largest(face.landmarks.flatMap(({ x, y }) => [x, y]), expected[i].landmarks.flat());
        const pose = largest(Object.values(face.pose), expected[i].pose);
        const box = largest(Object.values(face.box), expected[i].box);
        assert.equal(face.pointErrors === null, expected[i].pointErrors === null);
        const rest = largest(numbersOf(face), numbersOf(expected[i]));
        t.diagnostic(`differs by ${landmarks} px, ${pose}°, and ${rest}`);
        assert.ok(landmarks <= PIXELS && box <= PIXELS, `landmarks: ${landmarks}, box: ${box}`);
        assert.ok(pose <= REST && rest <= REST, `pose: ${pose}, rest: ${rest}`);
      });
    });
  }
});
