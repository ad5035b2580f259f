import { BackendError } from './errors.js';

// A function that gives a v128: valid only where the browser has WebAssembly SIMD.
const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
);

/**
 * Throws where this browser cannot run the networks, and says which one can.
 * @throws {BackendError}
 */
export function checkBrowser() {
  const remedy = 'update it, or use Chrome 91, Firefox 89, Safari 16.4 or later';
  if (typeof WebAssembly !== 'object') throw new BackendError(`this browser has no WebAssembly; ${remedy}`);
  if (!WebAssembly.validate(SIMD)) throw new BackendError(`this browser has no WebAssembly SIMD; ${remedy}`);
}
