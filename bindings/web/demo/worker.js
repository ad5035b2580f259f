/* The networks, away from the page. A classic worker: LiteRT.js loads itself by importScripts, which module workers refuse. */
const loaded = import('./asmnet-edge/src/index.js');
let sdk;
let aligner;
let tracker;
let turn = Promise.resolve();

const tasks = {
  /** Opens one of the models that come along, in place of the one before. */
  async open({ model }) {
    sdk = await loaded;
    const next = await sdk.FaceAligner.create({ model: sdk.MODELS[model], litertPath: new URL('litert/wasm/', location.href) });
    await tracker?.close();
    await aligner?.close();
    aligner = next;
    tracker = await sdk.FaceTracker.create(aligner);
    await aligner.align(new ImageData(64, 64), [8, 8, 56, 56]); // the first time takes longer
    await aligner.predict(new ImageData(64, 64));
    return { resources: performance.getEntriesByType('resource').map(({ name }) => name) };
  },

  /** The faces of a single picture, the surest first, numbered from 1. */
  async photo({ image }) {
    const faces = await aligner.predict(image);
    return { faces: faces.map((face, i) => ({ id: i + 1, face })), image };
  },

  /** The faces of a camera's next frame, the longest followed first. */
  async frame({ image, seconds }) {
    const faces = await tracker.update(image, seconds);
    return { faces: faces.map(({ id, face }) => ({ id, face })), image };
  },

  /** Another camera, or the same at another time: no face is the same any more. */
  async restart() {
    await tracker.close();
    tracker = await sdk.FaceTracker.create(aligner);
    return {};
  },
};

async function answer({ call, task, given }) {
  const start = performance.now();
  try {
    const result = await tasks[task](given);
    self.postMessage({ call, result: { ...result, ms: performance.now() - start } }, result.image ? [result.image] : []);
  } catch (error) {
    given.image?.close();
    self.postMessage({ call, error: error.message });
  }
}

self.onmessage = ({ data }) => {
  turn = turn.then(() => answer(data));
};
