/** Throws a BackendError, with what to do, where this browser cannot run the networks. */
export function checkBrowser(): void;

/** Base of every error that asmnet-edge throws on purpose. */
export class SdkError extends Error {}
/** An argument has the wrong type, shape, range or unit. */
export class InputError extends SdkError {}
/** A model file is damaged or of another format version. */
export class ModelFileError extends SdkError {}
/** The browser cannot run the network, a file cannot be fetched, or LiteRT.js failed. */
export class BackendError extends SdkError {}

/** Image pixels: x to the right, y down, the centre of the top-left pixel at (0, 0). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Edges in pixels; of a face the tight box of its landmarks, brows to chin and jaw to jaw. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Degrees. Yaw > 0: turned to the image's left; pitch > 0: chin up; roll > 0: clockwise. */
export interface HeadPose {
  readonly yawDeg: number;
  readonly pitchDeg: number;
  readonly rollDeg: number;
}

export interface Face {
  /** 68 points in i-bug's order, counted from 0: 30 is the tip of the nose. */
  readonly landmarks: readonly Point[];
  readonly pose: HeadPose;
  readonly box: Box;
  /** The detector's, 0 to 1; 1 where the caller gave the box. */
  readonly score: number;
  /** 0 to 1; near 0: do not trust these landmarks. */
  readonly plausibility: number;
  /** 0 to 1, the network's own that this is a face and its landmarks fit: below 0.5 do not trust them; null where the model gives none. */
  readonly confidence: number | null;
  /** The expected distance of each point from the true one in outer-eye distances, 0 to 1; null where the model gives none. */
  readonly pointErrors: Float32Array | null;
  /** Each within 3 standard deviations of the shape model. */
  readonly shapeParameters: Float32Array;
}

/** What speaks for and against one face; docs/guide.md says what to do at which value. */
export interface FaceQuality {
  readonly score: number;
  readonly plausibility: number;
  /** How far another look puts the landmarks, in outer-eye distances; above 0.1: no face. */
  readonly disagreement: number;
  /** 0 to 1; below 0.25 too blurred for full accuracy, below 0.15 of little use. */
  readonly sharpness: number;
  /** Between the outer eye corners, pixels. */
  readonly eyeDistance: number;
  /** Share of the landmarks that lie inside the image, 0 to 1. */
  readonly inside: number;
  /** The head pose that the landmarks alone give; Face.pose is the network's. */
  readonly landmarkPose: HeadPose;
  /** Angle between the two poses, with yaw expanded as the model file says; a large one: one of them failed. */
  readonly poseDisagreementDeg: number;
}

export interface Detection {
  readonly box: Box;
  readonly score: number;
  /** Clockwise positive. */
  readonly rollDeg: number;
}

/**
 * Plain bytes, row by row from the top; format is rgba where it is missing. From nv21 on, a camera's formats: BT.601 in limited
 * range, width and height even (of yuyv the width), planes one after the other without gaps.
 */
export interface PixelData {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly format?: 'bgr' | 'rgb' | 'bgra' | 'rgba' | 'gray' | 'nv21' | 'nv12' | 'i420' | 'yuyv';
}

export type Image = CanvasImageSource | ImageData | PixelData;

export type ModelSource = string | URL | ArrayBuffer | Uint8Array;

/** The models that come with the package: the usual one, and one that takes less time and is less exact. */
export const MODELS: { readonly accurate: URL; readonly fast: URL };

export interface Options {
  /** A model file made by `python -m convert`, or one of MODELS; missing: MODELS.accurate. */
  readonly model?: ModelSource;
  /** A face detector's file; missing: the one that comes along; null: none, `align` alone works. */
  readonly detector?: ModelSource | null;
  /** URL of the folder wasm/ of @litertjs/core; missing: beside the module that the page's import map names. */
  readonly litertPath?: string | URL;
  /** `predict` drops a face where two looks differ by more, in outer-eye distances; 0.1 where it is missing. */
  readonly maxDisagreement?: number;
}

/** What the network saw last and what it answered, in crop coordinates and units of 90 degrees. */
export interface Look {
  readonly crop: { readonly centerX: number; readonly centerY: number; readonly side: number; readonly angleDeg: number };
  /** inputSize x inputSize x 3, RGB. */
  readonly pixels: Uint8Array;
  /** The network's own outputs, byte for byte, from which the rest follows. */
  readonly outputs: readonly [Uint8Array, Uint8Array];
  readonly rawLandmarks: Float32Array;
  readonly rawPose: Float32Array;
}

/**
 * Finds faces in images; gives 68 landmarks and the head pose of each.
 *
 * An image is read when a method is called; calls wait for one another. All methods reject with an InputError or a
 * BackendError that says what was expected, what came, and the likely fix.
 */
export class FaceAligner {
  private constructor();
  static create(options?: Options): Promise<FaceAligner>;
  readonly model: { readonly name: string; readonly inputSize: number };
  /** All faces, best first; an empty list where there is none. */
  predict(image: Image): Promise<Face[]>;
  /** The face in a known box, which may be off by 10 %. refine: the mean of two looks, slower and more exact. */
  align(image: Image, box: Box | readonly [number, number, number, number], options?: { readonly refine?: boolean }): Promise<Face>;
  /** What the detector finds, best first, before any look. */
  detect(image: Image): Promise<Detection[]>;
  /** The same face in the next frame, or more exactly in this one; null where its landmarks lie outside the image. */
  lookAgain(image: Image, face: Face): Promise<Face | null>;
  /** What speaks for and against a face found in this image; takes about as long as lookAgain. */
  quality(image: Image, face: Face): Promise<FaceQuality>;
  lastLook(): Look;
  /** Whether close was called. */
  readonly closed: boolean;
  /** Gives the memory back once calls under way are done. Safe to call twice. */
  close(): Promise<void>;
}

/** Parameters of the One-Euro filter, in outer-eye distances and seconds. */
export interface OneEuro {
  /** Cut-off of a face at rest; lower is smoother and slower to start moving. Missing: 0.3. */
  readonly minCutoffHz?: number;
  /** Rise of the cut-off, Hz per unit of speed. Missing: 60. */
  readonly beta?: number;
  /** Cut-off of the speed's own low pass. Missing: 0.6. */
  readonly speedCutoffHz?: number;
}

export interface TrackerOptions {
  /** Frames between two searches for new faces, 15 where it is missing; with no face in sight every frame is searched. */
  readonly detectEvery?: number;
  /** Follow no more than this, the best first; missing or 0: all, up to 64. */
  readonly maxFaces?: number;
  /** null leaves faces as they are measured. */
  readonly smoothing?: OneEuro | null;
  /** Frames a second, for time steps where update gets no timestamp; 30 where it is missing. */
  readonly fps?: number;
}

export interface TrackedFace {
  /** The same number as long as the face is followed; never used again. */
  readonly id: number;
  /** In how many frames it has been seen, this one included. */
  readonly frames: number;
  /** Smoothed, if the tracker smooths; else as measured. */
  readonly face: Face;
  /** What the network saw in this frame alone. */
  readonly measured: Face;
}

/**
 * Follows faces through a video, with the same ids and numbers as Python's FaceTracker (docs/tracking.md): the next crop
 * comes from the last landmarks, the detector only looks for new faces. One tracker serves one video; its calls and
 * those of its aligner wait for one another.
 */
export class FaceTracker {
  private constructor();
  static create(aligner: FaceAligner, options?: TrackerOptions): Promise<FaceTracker>;
  /**
   * The faces of the next frame, longest followed first.
   * timestampSeconds: when it was taken, from any origin, rising while faces are followed; missing: frames are counted.
   */
  update(image: Image, timestampSeconds?: number): Promise<TrackedFace[]>;
  /** Forgets all faces, as at a cut; ids go on. */
  reset(): Promise<void>;
  /** Gives the memory back once calls under way are done; the aligner stays open. Safe to call twice. */
  close(): Promise<void>;
}

/** Between the outer eye corners, pixels. */
export function interocularDistance(face: Face): number;
/** Eye aspect ratio of the subject's own eyes: about 0.3 open, near 0 closed. */
export function eyeOpenness(face: Face): { readonly subjectRight: number; readonly subjectLeft: number };
/** Height of the inner lips over their width: 0 closed, about 0.5 and more when yawning. */
export function mouthOpenness(face: Face): number;

/**
 * Draws landmarks and head axes: red to the head's own left, green down to the chin, blue out of the nose. With `errors`, which
 * is false where it is missing, also a red circle about each point whose radius is its expected error.
 */
export function draw(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  faces: readonly Face[],
  what?: { readonly landmarks?: boolean; readonly axes?: boolean; readonly errors?: boolean },
): void;

/** Whether the network itself doubts a face: a confidence below 0.5. A model that gives none doubts none. */
export function isDoubtful(face: Face): boolean;
