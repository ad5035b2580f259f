/** The networks in a worker of their own, so that the page stays free; calls give promises. */
export class Engine {
  #worker = new Worker('worker.js');
  #calls = new Map();
  #count = 0;

  constructor() {
    this.#worker.onmessage = ({ data: { call, result, error } }) => {
      const { resolve, reject } = this.#calls.get(call);
      this.#calls.delete(call);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    this.#worker.onerror = ({ message }) => {
      for (const { reject } of this.#calls.values()) reject(new Error(message ?? 'the worker cannot be loaded'));
      this.#calls.clear();
    };
  }

  /** One of the tasks of worker.js; an image is handed over, and comes back with the result. */
  call(task, given = {}) {
    return new Promise((resolve, reject) => {
      const call = this.#count++;
      this.#calls.set(call, { resolve, reject });
      this.#worker.postMessage({ call, task, given }, given.image ? [given.image] : []);
    });
  }
}
