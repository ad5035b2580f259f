export { checkBrowser } from './support.js';
export { draw, isDoubtful } from './drawing.js';
export { BackendError, InputError, ModelFileError, SdkError } from './errors.js';
export { FaceAligner, MODELS } from './face_aligner.js';
export { FaceTracker } from './face_tracker.js';
export { eyeOpenness, interocularDistance, mouthOpenness } from './measures.js';
