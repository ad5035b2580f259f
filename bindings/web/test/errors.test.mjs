/* What goes wrong says which input, what was expected, what came, and the likely fix. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { createAligner, open, readPixmap, REPOSITORY } from './browser.mjs';

const PORTRAIT = readPixmap(`${REPOSITORY}tests/golden/portrait.ppm`);
const BOX = [88, 80, 177.25, 168.5];

/** The error that a piece of code gives in the page, as "Name: message". */
const errorOf = (page, code) =>
  page.evaluate(async (text) => {
    try {
      await new Function(`return (async () => { ${text} })()`)();
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
    return 'no error';
  }, code);

test('errors', async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  await page.evaluate((frame) => {
    window.frame = { ...frame, data: bytes(frame.base64) };
    window.create = (options) => sdk.FaceAligner.create({ litertPath: new URL('litert/wasm/', location.href), ...options });
    window.fetched = async (name) => (await fetch(`asmnet-edge/dist/models/${name}.tflite`)).arrayBuffer();
  }, PORTRAIT);

  const expected = {
    'await aligner.align(frame, [100, 80, 50, 160])': /^InputError: box: expected finite left < right .* width, height\?/,
    'await aligner.align(frame, [1, 2, 3])': /^InputError: box: expected finite left, top, right and bottom/,
    'await aligner.align(frame, { left: 1, top: 2, right: 3, bottom: NaN })': /^InputError: box: expected finite/,
    'await aligner.align(frame, [4000, 4000, 4100, 4100])': /^InputError: box: expected one that touches the 256 x 300 image/,
    'await aligner.align(null, [1, 2, 3, 4])': /^InputError: image: expected an img/,
    'await aligner.predict("photo.jpg")': /^InputError: image: expected an img, .* got photo.jpg/,
    'await aligner.predict({})': /^InputError: image: expected an img, .* got a Object/,
    'await aligner.predict(new Image())': /^InputError: image: expected at least one pixel, got 0 x 0; is it loaded/,
    'await aligner.predict({ ...frame, format: "rgba" })': /^InputError: image: expected 256 x 300 x 4 bytes of rgba, got 230400/,
    'await aligner.predict({ ...frame, format: "hsv" })': /^InputError: image: expected format one of bgr, rgb/,
    'await create({ maxDisagreement: -1 })': /^InputError: options: max_disagreement: expected a number above 0/,
    'await create({ model: 3 })': /^InputError: model: expected a URL, an ArrayBuffer or a Uint8Array, got Number/,
    'await create({ model: "nowhere.tflite" })': /^BackendError: model: expected a file at nowhere.tflite, got HTTP 404/,
    'await create({ model: "index.html" })': /^ModelFileError: model .*: expected a TFLite flatbuffer/,
    'await create({ model: (await fetched("accurate_int8")).slice(0, 7e5) })': /^ModelFileError: model .*is it truncated/,
    'const b = await fetched("accurate_int8"); new Uint8Array(b)[5e5] ^= 1; await create({ model: b })': /^ModelFileError: .*does not match its checksum/,
    'await create({ model: await fetched("face_detector_416_int8") })': /^ModelFileError: .*face_detector/,
    'await create({ detector: await fetched("accurate_int8") })': /^ModelFileError: .*face_aligner/,
    'const one = await create({ detector: null }); await one.align(frame, [88, 80, 177, 168]); await one.predict(frame)': /^BackendError: detector: /,
    'const one = await create(); await one.close(); await one.close(); await one.predict(frame)': /^BackendError: this FaceAligner is closed/,
  };
  for (const [code, message] of Object.entries(expected)) {
    await t.test(code, async () => assert.match(await errorOf(page, code), message));
  }
});

test('model files that are refused though their checksums are right', { skip: !process.env.ASMNET_REFUSED }, async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  const folder = process.env.ASMNET_REFUSED;
  const lines = readFileSync(`${folder}/refused.txt`, 'utf8').trim().split('\n');
  assert.ok(lines.length >= 10, `${lines.length} files`);
  for (const line of lines) {
    const [, name, words] = /^(\S+) (.*)$/.exec(line);
    const base64 = readFileSync(`${folder}/${name}.tflite`, 'base64');
    await t.test(`${name}: ${words}`, async () => {
      const error = await page.evaluate(
        (model) => sdk.FaceAligner.create({ model: bytes(model), litertPath: '/litert/wasm/' }).then(() => 'no error', String),
        base64,
      );
      assert.match(error, /^ModelFileError: model /);
      assert.ok(error.includes(words), error);
    });
  }
});

test('a file that is larger than any model is not fetched', async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  const error = await page.evaluate(async () => {
    const { fetch } = window;
    window.fetch = async () => new Response('x', { headers: { 'content-length': String(2 ** 30) } });
    const said = await sdk.FaceAligner.create({ model: 'huge.tflite' }).then(() => 'no error', String);
    window.fetch = fetch;
    return said;
  });
  assert.match(error, /^ModelFileError: model: expected at most 268435456 bytes at huge.tflite, got 1073741824/);
});

test('LiteRT.js in another place', async (t) => {
  const { page } = await open(t, { path: '/portrait.jpg' }); // a page without an import map
  const create = "const sdk = await import('/asmnet-edge/src/index.js'); await sdk.FaceAligner.create()";
  assert.match(await errorOf(page, create), /^BackendError: LiteRT.js could not open model accurate_int8: litertPath: expected the URL/);
  await page.route('**/litert/core/index.js', (route) => route.abort());
  await page.reload();
  const error = await errorOf(page, create);
  assert.match(error, /^BackendError: LiteRT.js could not open model accurate_int8: @litertjs\/core: cannot be loaded; npm install/);
});

test('a network that fails is named, and works again later', async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  const [error, cause, again] = await page.evaluate(
    async ([frame, box]) => {
      const image = { ...frame, data: bytes(frame.base64) };
      const { CompiledModel } = await import('@litertjs/core');
      const before = await aligner.align(image, box);
      const { run } = CompiledModel.prototype;
      CompiledModel.prototype.run = () => Promise.reject(new Error('the device is lost'));
      const error = await aligner.align(image, box).catch((reason) => reason);
      CompiledModel.prototype.run = run;
      return [String(error), String(error.cause), JSON.stringify(await aligner.align(image, box)) === JSON.stringify(before)];
    },
    [PORTRAIT, BOX],
  );
  assert.equal(error, 'BackendError: LiteRT.js could not run the network: the device is lost');
  assert.equal(cause, 'Error: the device is lost');
  assert.ok(again);
});

test('a browser without WebAssembly SIMD', async (t) => {
  const { page } = await open(t, { before: () => (WebAssembly.validate = () => false) });
  const error = await errorOf(page, "const sdk = await import('asmnet-edge'); await sdk.FaceAligner.create()");
  assert.match(error, /^BackendError: this browser has no WebAssembly SIMD/);
});

test('memory does not grow', async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  const [before, frames, aligners] = await page.evaluate(
    async ([frame, box]) => {
      const image = { ...frame, data: bytes(frame.base64) };
      const { getGlobalLiteRt } = await import('@litertjs/core');
      const memory = () => getGlobalLiteRt().liteRtWasm.HEAPU8.length;
      const several = async () => {
        for (let i = 0; i < 3; i++) {
          const one = await sdk.FaceAligner.create({ litertPath: '/litert/wasm/' });
          await one.predict(image);
          await one.close();
        }
      };
      const align = async (times) => {
        for (let i = 0; i < times; i++) await aligner.align(image, box);
      };
      await several();
      await align(200);
      await several(); // between frames and aligners free memory is in pieces; from now on it suffices
      const before = memory();
      await align(200);
      const frames = memory();
      await several();
      await several();
      return [before, frames, memory()];
    },
    [PORTRAIT, BOX],
  );
  assert.equal(frames, before, 'bytes of LiteRT.js after 200 frames');
  // Its memory grows by a fifth at a time; six aligners that were not given back double it.
  assert.ok(aligners <= 1.25 * before, `bytes of LiteRT.js after 6 more aligners: ${before}, ${aligners}`);
});

test('calls wait for one another, and close for them', async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  const [together, apart] = await page.evaluate(
    async ([frame, box]) => {
      const image = { ...frame, data: bytes(frame.base64) };
      const boxes = [box, [76.5, 71, 178, 190], [110, 9, 159, 58], box];
      const apart = [];
      for (const one of boxes) apart.push(await aligner.align(image, one, { refine: true }));
      const together = Promise.all(boxes.map((one) => aligner.align(image, one, { refine: true })));
      const closed = aligner.close();
      return [await together, apart, await closed].map((value) => JSON.stringify(value));
    },
    [PORTRAIT, BOX],
  );
  assert.equal(together, apart);
});

test('every kind of image gives the same face', async (t) => {
  const { page } = await open(t);
  await createAligner(page);
  const answers = await page.evaluate(async (frame) => {
    const { width, height } = frame;
    const rgb = bytes(frame.base64);
    const pixel = (order) => Uint8Array.from({ length: width * height * order.length }, (_, i) => {
      const channel = order[i % order.length];
      return channel === 3 ? 255 : rgb[3 * Math.floor(i / order.length) + channel];
    });
    const imageData = new ImageData(new Uint8ClampedArray(pixel([0, 1, 2, 3])), width, height);
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    canvas.getContext('2d').putImageData(imageData, 0, 0);
    const img = Object.assign(new Image(), { src: canvas.toDataURL('image/png') });
    await img.decode();
    const images = {
      rgb: { data: rgb, width, height, format: 'rgb' },
      bgr: { data: pixel([2, 1, 0]), width, height, format: 'bgr' },
      bgra: { data: pixel([2, 1, 0, 3]), width, height, format: 'bgra' },
      imageData,
      canvas,
      img,
      bitmap: await createImageBitmap(imageData),
      videoFrame: new VideoFrame(canvas, { timestamp: 0 }),
    };
    const faces = {};
    for (const [name, image] of Object.entries(images)) faces[name] = JSON.stringify(await aligner.align(image, [88, 80, 177.25, 168.5]));
    return faces;
  }, PORTRAIT);
  for (const [name, face] of Object.entries(answers)) assert.equal(face, answers.rgb, name);
});
