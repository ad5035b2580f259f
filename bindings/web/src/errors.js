/* SdkError
 * ├── InputError      an argument has the wrong type, shape, range or unit
 * ├── ModelFileError  a model file is missing, damaged or of another format version
 * └── BackendError    this browser cannot run the network, or LiteRT.js refused it
 * "No face found" is not an error: predict gives an empty list. */

/** Base of every error that asmnet-edge throws on purpose. */
export class SdkError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An argument is not as described. */
export class InputError extends SdkError {}

/** A model file cannot be used. */
export class ModelFileError extends SdkError {}

/** LiteRT.js is missing or failed, or the browser lacks what it needs. */
export class BackendError extends SdkError {}

const OF_STATUS = { 1: InputError, 2: ModelFileError }; // fa_status of bindings/c/include/asmnet_edge.h

/** The error that a status of the C library means. */
export function errorOfStatus(status, message, cause) {
  return new (OF_STATUS[status] ?? BackendError)(message, cause ? { cause } : undefined);
}
