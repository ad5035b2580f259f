import { Core, fetchBytes } from './core.js';
import { BackendError, InputError } from './errors.js';
import { pixelsOf } from './images.js';
import { LiteRtHost } from './litert.js';
import { checkBrowser } from './support.js';

const LANDMARKS = 68;
const PLAIN = 3 * LANDMARKS + 11; // numbers of a face before its shape parameters: native/web.c
// Written out, so that bundlers see which files belong to the module.
const LIBRARY = new URL('../dist/asmnet_edge.wasm', import.meta.url);
/** The models that come with the package: the usual one, and one that takes less time. */
export const MODELS = Object.freeze({
  accurate: new URL('../dist/models/accurate_int8.tflite', import.meta.url),
  fast: new URL('../dist/models/fast_int8.tflite', import.meta.url),
});
const DETECTOR = new URL('../dist/models/face_detector_416_int8.tflite', import.meta.url);

/** FaceTracker's way to the C library behind an aligner; not for users. */
export const IN_TURN = Symbol('inTurn');

/** Finds faces in images; gives 68 landmarks and the head pose of each. */
export class FaceAligner {
  #core;
  #turn = Promise.resolve();
  #pixels = { pointer: 0, size: 0 };

  /**
   * @param {object} [options] see index.d.ts
   * @returns {Promise<FaceAligner>}
   * @throws {BackendError | ModelFileError | InputError}
   */
  static async create({ model = MODELS.accurate, detector = DETECTOR, litertPath, maxDisagreement = 0.1 } = {}) {
    checkBrowser();
    const aligner = new FaceAligner();
    const library = Core.load(new LiteRtHost(litertPath), LIBRARY);
    const contents = [contentOf(model, 'model'), detector === null ? new Uint8Array() : contentOf(detector, 'detector')];
    const [core, ...files] = await Promise.all([library, ...contents]);
    aligner.#core = core;
    await aligner.#open(files, maxDisagreement);
    return aligner;
  }

  async #open(files, maxDisagreement) {
    const core = this.#core;
    const places = files.map((content) => place(core, content));
    const status = await core.wait('web_create', ...places.flat(), maxDisagreement);
    places.forEach(([pointer]) => core.call('web_free', pointer));
    if (status !== 0) throw core.error(status);
  }

  /** The model's name and the side of its input in pixels. */
  get model() {
    const core = this.#opened();
    return { name: core.text(core.call('web_model_name')), inputSize: core.call('web_input_size') };
  }

  /**
   * All faces of an image, best first; an empty list where there is none.
   * @throws {InputError | BackendError}
   */
  async predict(image) {
    return this.#inTurn(image, async (core, pixels) => {
      const count = await core.wait('web_predict', ...pixels);
      if (count < 0) throw core.error(-count);
      return Array.from({ length: count }, (_, i) => readFace(core, i));
    });
  }

  /**
   * The face in a known box.
   * @throws {InputError | BackendError}
   */
  async align(image, box, { refine = false } = {}) {
    const edges = edgesOf(box);
    return this.#inTurn(image, async (core, pixels) => {
      const status = await core.wait('web_align', ...pixels, ...edges, Number(refine));
      if (status !== 0) throw core.error(status);
      return readFace(core, 0);
    });
  }

  /**
   * What the detector finds, best first, before any look at it.
   * @throws {InputError | BackendError}
   */
  async detect(image) {
    return this.#inTurn(image, async (core, pixels) => {
      const count = await core.wait('web_detect', ...pixels);
      if (count < 0) throw core.error(-count);
      return Array.from({ length: count }, (_, i) => readDetection(core, i));
    });
  }

  /**
   * The same face in the next frame, or more exactly in this one; null where its landmarks lie outside the image.
   * @throws {InputError | BackendError}
   */
  async lookAgain(image, face) {
    return this.#ofFace(image, face, async (core, pixels, pointer) => {
      const seen = await core.wait('web_look_again', ...pixels, pointer);
      if (seen < 0) throw core.error(-seen);
      return seen === 0 ? null : readFace(core, 0);
    });
  }

  /**
   * What speaks for and against a face found in this image; takes about as long as lookAgain.
   * @throws {InputError | BackendError}
   */
  async quality(image, face) {
    return this.#ofFace(image, face, async (core, pixels, pointer) => {
      const status = await core.wait('web_quality', ...pixels, pointer, pointer);
      if (status !== 0) throw core.error(status);
      const [score, plausibility, disagreement, sharpness, eyeDistance, inside, yawDeg, pitchDeg, rollDeg, apart] = core.doubles(pointer, 10);
      const landmarkPose = { yawDeg, pitchDeg, rollDeg };
      return Object.freeze({ score, plausibility, disagreement, sharpness, eyeDistance, inside, landmarkPose, poseDisagreementDeg: apart });
    });
  }

  /** What `work` does with a face in C's memory. */
  async #ofFace(image, face, work) {
    const values = numbersOf(face);
    return this.#inTurn(image, async (core, pixels) => {
      const pointer = core.allocate(8 * values.length);
      core.doubles(pointer, values.length).set(values);
      try {
        return await work(core, pixels, pointer);
      } finally {
        core.call('web_free', pointer);
      }
    });
  }

  /** What the network saw last and what it answered; for tests and for looking at crops. */
  lastLook() {
    const core = this.#opened();
    const look = core.call('web_last_look');
    if (look === 0) throw core.error(1);
    const [centerX, centerY, side, angleDeg] = core.doubles(look, 4);
    const [size, pixels, landmarks, pose, ...outputs] = core.ints(look + 32, 8); // addresses of two, then their bytes
    return {
      crop: { centerX, centerY, side, angleDeg },
      pixels: core.bytes(pixels, size * size * 3).slice(),
      outputs: [0, 1].map((i) => core.bytes(outputs[i], outputs[2 + i]).slice()),
      rawLandmarks: core.floats(landmarks, 2 * LANDMARKS).slice(),
      rawPose: core.floats(pose, 3).slice(),
    };
  }

  /** Whether `close` was called. */
  get closed() {
    return this.#core === undefined;
  }

  /** Gives the memory back, after calls that are under way; what is called later throws BackendError. */
  async close() {
    const core = this.#core;
    this.#core = undefined;
    await this.#turn;
    core?.call('web_destroy');
  }

  /** Takes the image as it is now; works on it when the calls before are done, since C serves one at a time. */
  #inTurn(image, work) {
    const core = this.#opened();
    const { data, width, height, format } = pixelsOf(image);
    return this[IN_TURN](() => work(core, [this.#place(core, data), width, height, format]));
  }

  /** What `work` gives for the C library and, where there is an image, its place there and its layout. */
  [IN_TURN](work, image) {
    if (image !== undefined) return this.#inTurn(image, work);
    const core = this.#opened();
    const turn = this.#turn.then(() => work(core));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Pixels in C's memory; the place is kept for the next frame. */
  #place(core, data) {
    if (this.#pixels.size < data.length) {
      core.call('web_free', this.#pixels.pointer);
      this.#pixels = { pointer: 0, size: 0 };
      this.#pixels = { pointer: core.allocate(data.length), size: data.length };
    }
    core.bytes(this.#pixels.pointer, data.length).set(data);
    return this.#pixels.pointer;
  }

  #opened() {
    if (this.#core === undefined) throw new BackendError('this FaceAligner is closed; create another one');
    return this.#core;
  }
}

async function contentOf(file, name) {
  if (typeof file === 'string' || file instanceof URL) return fetchBytes(file, name);
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  if (file instanceof Uint8Array) return file;
  throw new InputError(`${name}: expected a URL, an ArrayBuffer or a Uint8Array, got ${file?.constructor?.name ?? file}`);
}

/** A file in C's memory: where, and how long; 0 and 0 where it is empty. */
function place(core, content) {
  if (content.length === 0) return [0, 0];
  const pointer = core.allocate(content.length);
  core.bytes(pointer, content.length).set(content);
  return [pointer, content.length];
}

/** A face as native/web.c takes it. */
function numbersOf(face) {
  const { yawDeg, pitchDeg, rollDeg } = face?.pose ?? {};
  const points = face?.landmarks?.flatMap?.(({ x, y }) => [x, y]) ?? [];
  const values = [...points, yawDeg, pitchDeg, rollDeg, face?.score, face?.plausibility];
  if (values.length === 2 * LANDMARKS + 5 && values.every((value) => typeof value === 'number')) return values;
  const hint = face?.face ? '; of a tracked face give its .face' : '';
  throw new InputError(`face: expected a face as predict gives it, got ${face?.constructor?.name ?? face}${hint}`);
}

function edgesOf(box) {
  const edges = Array.isArray(box) ? box : [box?.left, box?.top, box?.right, box?.bottom];
  if (edges.length === 4 && edges.every(Number.isFinite)) return edges;
  throw new InputError(`box: expected finite left, top, right and bottom in pixels, got ${JSON.stringify(box)}`);
}

function readDetection(core, index) {
  const [left, top, right, bottom, score, rollDeg] = core.doubles(core.call('web_detection', index), 6);
  return Object.freeze({ box: { left, top, right, bottom }, score, rollDeg });
}

/** Face `index` of those found last, or the one at `pointer`, as C holds it. */
export function readFace(core, index, pointer = core.call('web_face', index)) {
  const values = core.doubles(pointer, PLAIN);
  const [yawDeg, pitchDeg, rollDeg, left, top, right, bottom, score, plausibility, confidence, modes] = values.slice(2 * LANDMARKS);
  const errors = Float32Array.from(values.slice(PLAIN - LANDMARKS));
  return Object.freeze({
    landmarks: Array.from({ length: LANDMARKS }, (_, i) => ({ x: values[2 * i], y: values[2 * i + 1] })),
    pose: { yawDeg, pitchDeg, rollDeg },
    box: { left, top, right, bottom },
    score,
    plausibility,
    confidence: Number.isNaN(confidence) ? null : confidence,
    pointErrors: Number.isNaN(errors[0]) ? null : errors,
    shapeParameters: Float32Array.from(core.doubles(pointer + 8 * PLAIN, modes)),
  });
}
