import { BackendError, ModelFileError, errorOfStatus } from './errors.js';

const REWINDING = 2; // asyncify_get_state: 0 running, 1 unwinding
const STACK = 16384; // bytes for the locals of suspended functions
const BAD_FILE = 8; // WASI's EBADF: there are no files
const MAX_FILE = 256 * 2 ** 20; // bytes, FA_MAX_FILE of the C library
const MAX_RANK = 4; // host_tensor_info of native/host.h
const SIZES = { 1: 4, 2: 4, 3: 1 }; // bytes of a number, by TFLite's type

const compiled = new Map(); // by URL: aligners share what was compiled

function compile(url) {
  if (!compiled.has(url.href)) {
    const module = fetchBytes(url, 'asmnet_edge.wasm').then((bytes) => WebAssembly.compile(bytes));
    module.catch(() => compiled.delete(url.href));
    compiled.set(url.href, module);
  }
  return compiled.get(url.href);
}

/** A file's content; `name` says in messages which. */
export async function fetchBytes(url, name) {
  const response = await fetch(url).catch((cause) => {
    throw new BackendError(`${name}: ${url} cannot be fetched (${cause.message}); is the server running?`, { cause });
  });
  if (!response.ok) {
    throw new BackendError(`${name}: expected a file at ${url}, got HTTP ${response.status}; is the package's folder dist/ served?`);
  }
  const size = Number(response.headers.get('content-length') ?? 0);
  if (size > MAX_FILE) throw new ModelFileError(`${name}: expected at most ${MAX_FILE} bytes at ${url}, got ${size}; is it a model file?`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * The C library as WebAssembly, with a host that runs networks for it.
 *
 * C calls the host as if it answered at once. Where it takes a promise, Asyncify (binaryen) unwinds C's stack and, when
 * the promise settles, winds it up again; meanwhile C must not be called: FaceAligner lets its calls wait for one another.
 */
export class Core {
  #exports;
  #stack;
  #pending;
  #settled;
  #cause;

  static async load(host, url) {
    const core = new Core();
    const files = { fd_close: () => BAD_FILE, fd_seek: () => BAD_FILE, fd_write: () => BAD_FILE };
    const imports = { host: core.#imports(host), wasi_snapshot_preview1: files };
    const instance = await WebAssembly.instantiate(await compile(url), imports);
    core.#exports = instance.exports;
    core.#exports._initialize();
    core.#stack = core.allocate(8 + STACK);
    return core;
  }

  /** Calls an exported function that does not wait for the host. */
  call(name, ...args) {
    return this.#exports[name](...args);
  }

  /** Calls one that may. */
  async wait(name, ...args) {
    let result = this.#exports[name](...args);
    while (this.#exports.asyncify_get_state() !== 0) {
      this.#exports.asyncify_stop_unwind();
      this.#settled = await this.#pending;
      this.#exports.asyncify_start_rewind(this.#stack);
      result = this.#exports[name](...args);
    }
    return result;
  }

  /** `size` bytes of C's memory, until `free`. */
  allocate(size) {
    const pointer = this.call('web_allocate', size);
    if (pointer === 0) throw new BackendError(`no memory for ${size} bytes; is the image needed at this size?`);
    return pointer;
  }

  /** Bytes of C's memory as they lie there; valid until C is called next. */
  bytes(pointer, length) {
    return new Uint8Array(this.#exports.memory.buffer, pointer, length);
  }

  ints(pointer, length) {
    return new Int32Array(this.#exports.memory.buffer, pointer, length);
  }

  floats(pointer, length) {
    return new Float32Array(this.#exports.memory.buffer, pointer, length);
  }

  doubles(pointer, length) {
    return new Float64Array(this.#exports.memory.buffer, pointer, length);
  }

  text(pointer) {
    const bytes = this.bytes(pointer);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  /** The error behind a status other than 0. */
  error(status) {
    const cause = this.#cause;
    this.#cause = undefined;
    return errorOfStatus(status, this.text(this.call('web_last_error')), cause);
  }

  #imports(host) {
    return {
      host_open: this.#waiting(async (flatbuffer, size) => host.open(this.bytes(flatbuffer, size).slice())),
      host_outputs: (number) => host.outputs(number),
      host_tensor: (number, index, info) => {
        const { type, shape } = host.tensor(number, index);
        const dimensions = shape.slice(-MAX_RANK);
        this.ints(info, 3 + MAX_RANK).set([type, shape.reduce((a, b) => a * b, 1), dimensions.length, ...dimensions]);
      },
      host_run: this.#waiting(async (number, input, outputs) => {
        const results = await host.run(number, this.bytes(input, this.#size(host.tensor(number, -1))));
        const places = Array.from(this.ints(outputs, results.length));
        results.forEach((result, i) => this.bytes(places[i], result.length).set(result));
        return 0;
      }),
      host_close: (number) => host.close(number),
    };
  }

  #size({ type, shape }) {
    return shape.reduce((a, b) => a * b, SIZES[type]);
  }

  /** An import that suspends C until its promise settles; its last two arguments are where a message goes. */
  #waiting(work) {
    return (...args) => {
      if (this.#exports.asyncify_get_state() === REWINDING) {
        this.#exports.asyncify_stop_rewind();
        return this.#settled;
      }
      this.#pending = work(...args).catch((error) => this.#note(error, ...args.slice(-2)));
      this.ints(this.#stack, 2).set([this.#stack + 8, this.#stack + 8 + STACK]);
      this.#exports.asyncify_start_unwind(this.#stack);
      return 0;
    };
  }

  #note(error, problem, capacity) {
    this.#cause = error;
    const text = new TextEncoder().encode(error.message).subarray(0, capacity - 1);
    this.bytes(problem, capacity).fill(0).set(text);
    return -1;
  }
}
