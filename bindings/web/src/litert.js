import { BackendError } from './errors.js';

const TYPES = { float32: 1, int32: 2, uint8: 3 }; // as TFLite numbers them
const ARRAYS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

let loading;

/** LiteRT.js, once for the whole page; `path` is the URL of its folder wasm/. */
function loadLiteRt(path) {
  loading ??= load(path).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(path) {
  const api = await import('@litertjs/core').catch((cause) => {
    const fix = "npm install @litertjs/core, and name it in the page's import map where there is no bundler";
    throw new BackendError(`@litertjs/core: cannot be loaded; ${fix}`, { cause });
  });
  const folder = path ?? defaultPath();
  try {
    await (api.getGlobalLiteRtPromise() ?? start(api, String(folder)));
  } catch (cause) {
    const reason = cause?.message ?? 'a script or .wasm file is missing';
    throw new BackendError(`LiteRT.js: cannot be started from ${folder} (${reason}); is the folder wasm/ of @litertjs/core there?`, { cause });
  }
  return api;
}

/** LiteRT.js takes settings of its Emscripten module from a global, while it starts. */
async function start(api, folder) {
  const before = globalThis.Module;
  const place = new URL(/\.js$|\/$/.test(folder) ? folder : `${folder}/`, globalThis.location?.href);
  // In a worker its script does not know where it came from.
  globalThis.Module = { locateFile: (file) => new URL(file, place).href, printErr: print };
  try {
    await api.loadLiteRt(folder);
  } finally {
    globalThis.Module = before;
  }
}

/** LiteRT writes all that it has to say to stderr, which browsers would show as errors. */
export function print(line) {
  if (/^(INFO|VERBOSE|DEBUG|I\d{4})\b/.test(line)) console.info(line);
  else if (/^(WARNING|W\d{4})\b/.test(line)) console.warn(line);
  else console.error(line);
}

function defaultPath() {
  try {
    return new URL('../wasm/', import.meta.resolve('@litertjs/core'));
  } catch (cause) { // an old browser, or a page or worker without an import map
    throw new BackendError('litertPath: expected the URL of the folder wasm/ of @litertjs/core; copy it to your site', { cause });
  }
}

/** Opens and runs networks for the C library (native/host.h); one of these serves one aligner. */
export class LiteRtHost {
  #path;
  #networks = [];

  constructor(path) {
    this.#path = path;
  }

  /** @returns {Promise<number>} the network's number */
  async open(flatbuffer) {
    const api = await loadLiteRt(this.#path);
    const model = await api.loadAndCompile(flatbuffer, { accelerator: 'wasm' });
    return this.#networks.push({ api, model, input: model.getInputDetails()[0], outputs: model.getOutputDetails() }) - 1;
  }

  outputs(number) {
    return this.#networks[number].outputs.length;
  }

  /** Of the input where `index` is -1. */
  tensor(number, index) {
    const { input, outputs } = this.#networks[number];
    const { dtype, shape } = index < 0 ? input : outputs[index];
    return { type: TYPES[dtype], shape: Array.from(shape) };
  }

  /** Bytes of the input to the bytes of each output. */
  async run(number, bytes) {
    const { api, model, input } = this.#networks[number];
    const values = new ARRAYS[input.dtype](bytes.buffer, bytes.byteOffset, bytes.length / ARRAYS[input.dtype].BYTES_PER_ELEMENT);
    const tensor = new api.Tensor(values, input.shape);
    try {
      const outputs = await model.run(tensor);
      return outputs.map((output) => {
        const { buffer } = output.toTypedArray();
        output.delete();
        return new Uint8Array(buffer);
      });
    } finally {
      tensor.delete();
    }
  }

  close(number) {
    this.#networks[number].model.delete();
    this.#networks[number] = undefined;
  }
}
