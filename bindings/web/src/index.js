export { checkBrowser } from './support.js';
export { draw, isDoubtful } from './drawing.js';
export { BackendError, InputError, ModelFileError, SdkError } from './errors.js';
export { FaceAligner } from './face_aligner.js';
