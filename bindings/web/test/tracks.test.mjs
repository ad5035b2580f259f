/* The golden contract of video (tests/golden/tracks.txt) in the browser. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { createAligner, open, readPixmap, REPOSITORY } from './browser.mjs';

const FOLDER = `${REPOSITORY}tests/golden/`;

/** Clips with their lines as words. */
function readClips() {
  const clips = [];
  for (const line of readFileSync(`${FOLDER}tracks.txt`, 'ascii').split('\n')) {
    const words = line.split(' ');
    if (words[0] === 'clip') clips.push({ name: words[1], lines: [] });
    else if (clips.length > 0 && line) clips.at(-1).lines.push(words);
  }
  return clips;
}

/** Draws the frames of a clip, as tests/golden/README.md defines it. */
class Canvas {
  constructor(width, height, colour) {
    Object.assign(this, { width, height, data: Buffer.alloc(3 * width * height) });
    for (let i = 0; i < this.data.length; i++) this.data[i] = colour[i % 3];
  }

  paste(source, [a, b, u0, c, d, v0]) {
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) {
        const u = Math.floor((a * x + b * y + u0) / 65536);
        const v = Math.floor((c * x + d * y + v0) / 65536);
        if (u < 0 || v < 0 || u >= source.width || v >= source.height) continue;
        source.data.copy(this.data, 3 * (y * this.width + x), 3 * (v * source.width + u), 3 * (v * source.width + u) + 3);
      }
    }
  }

  noise(seed) {
    this.data.forEach((value, i) => {
      const [x, y] = [Math.floor(i / 3) % this.width, Math.floor(i / 3 / this.width)];
      let h = Math.imul(x, 73856093) ^ Math.imul(y, 19349663) ^ Math.imul(i % 3, 83492791) ^ Math.imul(seed, 2654435761);
      h = Math.imul(h ^ (h >>> 15), 2246822519);
      h = (h ^ (h >>> 13)) >>> 0;
      this.data[i] = Math.max(0, Math.min(255, value + (h % 13) - 6));
    });
  }
}

const sources = new Map();
function sourceOf(name) {
  if (!sources.has(name)) {
    const { base64, ...layout } = readPixmap(FOLDER + name);
    sources.set(name, { ...layout, data: Buffer.from(base64, 'base64') });
  }
  return sources.get(name);
}

/** An update in the page: the faces, as rows of numbers like those of the contract, or the error in words. */
async function ask({ frame, time }) {
  const flat = (face) => [face.pose.yawDeg, face.pose.pitchDeg, face.pose.rollDeg, ...face.landmarks.flatMap(({ x, y }) => [x, y])];
  try {
    const data = bytes(frame.base64);
    const tracked = await (tracker.last = tracker.update({ ...frame, data }, time === '-' ? undefined : Number(time)));
    return tracked.map(({ id, frames, face, measured }) => {
      const { subjectRight, subjectLeft } = sdk.eyeOpenness(face);
      return { face: [id, frames, subjectRight, subjectLeft, sdk.mouthOpenness(face), ...flat(face)], measured: flat(measured) };
    });
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

/** The quality of the first face found last, its numbers as in the contract. */
async function judge(frame) {
  const [{ measured }] = await tracker.last;
  const q = await aligner.quality({ ...frame, data: bytes(frame.base64) }, measured);
  const { yawDeg, pitchDeg, rollDeg } = q.landmarkPose;
  const signals = [q.score, q.plausibility, q.disagreement, q.sharpness, q.eyeDistance, q.inside];
  return [...signals, yawDeg, pitchDeg, rollDeg, q.poseDisagreementDeg];
}

let off = 0;

/** Ids and frames exactly, the rest within 1e-4. */
function compare(kind, got, words, where) {
  const expected = words.map(Number);
  assert.equal(got.length, expected.length, where);
  got.forEach((value, i) => {
    const apart = Math.min(Math.abs(value - expected[i]), Math.abs(value - Math.fround(expected[i])));
    assert.ok(apart <= (kind === 'face' && i < 2 ? 0 : 1e-4), `${where}: ${kind} ${i}: expected ${expected[i]}, got ${value}`);
    off = Math.max(off, apart);
  });
}

async function replay(page, { name, lines }) {
  let canvas;
  let [size, faces, next] = [[0, 0], [], 0];
  for (const [key, ...words] of lines) {
    const frame = () => ({ base64: canvas.data.toString('base64'), width: canvas.width, height: canvas.height, format: 'rgb' });
    const where = `${name}: ${key} ${words[0]}`;
    if (key === 'options') {
      const [width, height, detectEvery, maxFaces, smooth, minCutoffHz, beta, speedCutoffHz, fps] = words.map(Number);
      size = [width, height];
      const options = { detectEvery, maxFaces, fps, smoothing: smooth ? { minCutoffHz, beta, speedCutoffHz } : null };
      await page.evaluate(async (given) => (window.tracker = await sdk.FaceTracker.create(aligner, given)) && null, options);
    } else if (key === 'frame') canvas = new Canvas(...size, words.map(Number));
    else if (key === 'paste') canvas.paste(sourceOf(words[0]), words.slice(1).map(Number));
    else if (key === 'noise') canvas.noise(Number(words[0]));
    else if (key === 'reset') await page.evaluate(() => tracker.reset());
    else if (key === 'refuse') {
      const wrong = words[0] === 'frame' ? { base64: '', width: 0, height: 0, format: 'rgb' } : frame();
      const message = words[0] === 'frame' ? /^InputError: image: expected/ : /^InputError: timestamp_s: expected/;
      assert.match(String(await page.evaluate(ask, { frame: wrong, time: words[1] })), message, where);
    } else if (key === 'update') {
      assert.equal(next, faces.length, `${where}: faces are left over`);
      assert.equal(createHash('sha256').update(canvas.data).digest('hex'), words[2], `${where}: another frame was drawn`);
      faces = await page.evaluate(ask, { frame: frame(), time: words[0] });
      next = 0;
      assert.equal(faces.length, Number(words[1]), `${where}: ${faces}`);
    } else if (key === 'face') compare(key, faces[next++].face, words, where);
    else if (key === 'quality') {
      const got = await page.evaluate(judge, frame());
      got.forEach((value, i) => assert.ok(Math.abs(value - Number(words[i])) <= (i < 6 ? 1e-4 : 0.02), `${where}: quality ${i}: ${value}`));
    } else if (key === 'measured') compare(key, faces[next - 1].measured, words, where);
    else assert.fail(`a line of an unknown kind: ${key}`);
  }
  await page.evaluate(() => tracker.close());
}

test('golden contract of video', async (t) => {
  const clips = readClips();
  assert.ok(clips.length >= 8);
  const { page, problems } = await open(t);
  await createAligner(page);
  for (const clip of clips) await t.test(clip.name, () => replay(page, clip));
  console.log(`landmarks and angles differ by at most ${off}`);
  assert.deepEqual(problems, []);
});

test('trackers that cannot be', async (t) => {
  const { page } = await open(t);
  await createAligner(page, { detector: null });
  const expected = {
    'await sdk.FaceTracker.create()': /^InputError: aligner: expected a FaceAligner, got undefined/,
    'await sdk.FaceTracker.create(aligner, { detectEvery: 1.5 })': /^InputError: options: expected whole numbers/,
    'await sdk.FaceTracker.create(aligner, { detectEvery: 0 })': /^InputError: options: expected detect_every of at least 1/,
    'await sdk.FaceTracker.create(aligner, { fps: "x" })': /^InputError: options: .* fps/,
    'await sdk.FaceTracker.create(aligner, { smoothing: { beta: -1 } })': /^InputError: options: expected positive cut-offs/,
    'await tracker.update(dot)': /^BackendError: detector: expected a detector_path/,
    'await tracker.update(dot, "soon")': /^InputError: timestamp_s: expected a number of seconds, got soon/,
    'await tracker.update()': /^InputError: image: expected an img/,
    'await aligner.lookAgain(dot, { face: 1 })': /^InputError: face: expected a face as predict gives it, .*\.face$/,
    'await tracker.close(); await tracker.close(); await tracker.reset()': /^BackendError: this FaceTracker is closed/,
    'await aligner.close(); await other.update(dot)': /^BackendError: this FaceAligner is closed/,
    'await other.close()': /^no error/,
  };
  await page.evaluate(async () => {
    window.dot = { data: new Uint8Array(3), width: 1, height: 1, format: 'rgb' };
    for (const name of ['tracker', 'other']) window[name] = await sdk.FaceTracker.create(aligner);
  });
  for (const [code, message] of Object.entries(expected)) {
    const error = await page.evaluate(async (text) => {
      try {
        await new Function(`return (async () => { ${text} })()`)();
      } catch (caught) {
        return `${caught.name}: ${caught.message}`;
      }
      return 'no error';
    }, code);
    assert.match(error, message, code);
  }
});

/* FRAMES=20000 asks for it: a face that moves through so many frames, in the page. */
test('tracked frames leave nothing behind', { skip: !process.env.FRAMES }, async (t) => {
  const { page, problems } = await open(t, {
    before: () => {
      window.memories = new Set(); // of every WebAssembly module of the page
      for (const name of ['instantiate', 'instantiateStreaming']) {
        const original = WebAssembly[name];
        WebAssembly[name] = async (...args) => {
          const result = await original.apply(WebAssembly, args);
          for (const value of Object.values((result.instance ?? result).exports)) if (value instanceof WebAssembly.Memory) memories.add(value);
          for (const { memory } of Object.values(args[1] ?? {})) if (memory instanceof WebAssembly.Memory) memories.add(memory);
          return result;
        };
      }
    },
  });
  await createAligner(page);
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.enable');
  await page.evaluate(async ({ base64, width, height }) => {
    const data = bytes(base64);
    window.windowAt = (i) => {
      const at = i % 40 < 20 ? i % 40 : 40 - (i % 40);
      const part = new Uint8Array(3 * (width - 20) * (height - 20));
      for (let y = 0; y < height - 20; y++) {
        const from = 3 * ((y + (at >> 1)) * width + at);
        part.set(data.subarray(from, from + 3 * (width - 20)), 3 * (width - 20) * y);
      }
      return { data: part, width: width - 20, height: height - 20, format: 'rgb' };
    };
    window.tracker = await sdk.FaceTracker.create(aligner);
  }, readPixmap(`${FOLDER}portrait.ppm`));
  const follow = (frames) =>
    page.evaluate(async (count) => {
      for (let i = 0; i < count; i++) {
        window.done = (window.done ?? 0) + 1;
        const faces = await tracker.update(windowAt(done));
        if (faces.length !== 1 || faces[0].id !== 1 || faces[0].frames !== done) throw new Error(`lost in frame ${done}`);
      }
    }, frames);
  const size = async () => {
    await client.send('HeapProfiler.collectGarbage');
    const { usedSize } = await client.send('Runtime.getHeapUsage');
    const memory = await page.evaluate(() => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0));
    return { heap: usedSize, memory };
  };
  await follow(Math.ceil(process.env.FRAMES / 10));
  const before = await size();
  assert.ok(before.memory > 1e6, 'the memories of the modules are seen');
  await follow(Number(process.env.FRAMES));
  const after = await size();
  console.log(`${process.env.FRAMES} frames: heap ${before.heap} to ${after.heap} bytes, WebAssembly ${before.memory} to ${after.memory}`);
  assert.equal(after.memory, before.memory);
  assert.ok(after.heap - before.heap < 1e6, `the heap grew by ${after.heap - before.heap} bytes`);
  assert.deepEqual(problems, []);
});
