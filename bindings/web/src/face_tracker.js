import { BackendError, InputError } from './errors.js';
import { FaceAligner, IN_TURN, readFace } from './face_aligner.js';

const SMOOTHING = { minCutoffHz: 0.3, beta: 60, speedCutoffHz: 0.6 };

/** Follows faces through a video: the next crop comes from the last landmarks, the detector only looks for new ones. */
export class FaceTracker {
  #aligner;
  #tracker; // its address in C

  /**
   * @param {FaceAligner} aligner
   * @param {object} [options] see index.d.ts
   * @returns {Promise<FaceTracker>}
   * @throws {InputError | BackendError}
   */
  static async create(aligner, { detectEvery = 15, maxFaces = 0, smoothing = SMOOTHING, fps = 30 } = {}) {
    if (!(aligner instanceof FaceAligner)) throw new InputError(`aligner: expected a FaceAligner, got ${aligner?.constructor?.name ?? aligner}`);
    if (!isCount(detectEvery) || !isCount(maxFaces)) {
      throw new InputError(`options: expected whole numbers detectEvery and maxFaces, got ${detectEvery} and ${maxFaces}`);
    }
    const { minCutoffHz, beta, speedCutoffHz } = { ...SMOOTHING, ...smoothing };
    const tracker = new FaceTracker();
    tracker.#aligner = aligner;
    await aligner[IN_TURN]((core) => {
      const status = core.call('web_tracker_create', detectEvery, maxFaces, smoothing === null ? 0 : 1, minCutoffHz, beta, speedCutoffHz, fps);
      if (status !== 0) throw core.error(status);
      tracker.#tracker = core.call('web_tracker');
    });
    return tracker;
  }

  /**
   * The faces of the next frame, longest followed first.
   * @throws {InputError | BackendError}
   */
  async update(image, timestampSeconds) {
    const timed = timestampSeconds !== undefined;
    if (timed && typeof timestampSeconds !== 'number') {
      throw new InputError(`timestamp_s: expected a number of seconds, got ${timestampSeconds}`);
    }
    return this.#inTurn(async (core, pixels) => {
      const count = await core.wait('web_tracker_update', this.#opened(), ...pixels, Number(timed), timed ? timestampSeconds : 0);
      if (count < 0) throw core.error(-count);
      return Array.from({ length: count }, (_, i) => readTracked(core, i));
    }, image ?? null);
  }

  /** Forgets all faces, as at a cut; ids go on. */
  async reset() {
    await this.#inTurn((core) => core.call('web_tracker_reset', this.#opened()));
  }

  /** Gives the memory back after calls under way; the aligner stays open. Safe to call twice. */
  async close() {
    if (this.#aligner === undefined) return;
    const [aligner, tracker] = [this.#aligner, this.#tracker];
    this.#aligner = undefined;
    if (!aligner.closed) await aligner[IN_TURN]((core) => core.call('web_tracker_destroy', tracker));
  }

  #inTurn(work, image) {
    this.#opened();
    return this.#aligner[IN_TURN](work, image);
  }

  #opened() {
    if (this.#aligner === undefined) throw new BackendError('this FaceTracker is closed; create another one');
    return this.#tracker;
  }
}

function isCount(value) {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}

function readTracked(core, index) {
  const [face, measured] = [0, 1].map((kind) => readFace(core, index, core.call('web_tracked', index, kind)));
  return Object.freeze({ id: core.call('web_tracked_id', index), frames: core.call('web_tracked_frames', index), face, measured });
}
