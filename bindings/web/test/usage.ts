/* Not run: `tsc` checks that the types fit what users write. */
import {
  draw, eyeOpenness, FaceAligner, FaceTracker, InputError, isDoubtful, MODELS, mouthOpenness, type Face, type TrackedFace,
} from 'asmnet-edge';

export async function nose(image: HTMLImageElement, canvas: HTMLCanvasElement): Promise<number> {
  const aligner = await FaceAligner.create({ model: MODELS.fast, detector: null, maxDisagreement: 0.2, litertPath: '/litert/wasm/' });
  const faces: Face[] = await aligner.predict(image);
  const face = await aligner.align(canvas, [1, 2, 3, 4], { refine: true });
  await aligner.align({ data: new Uint8Array(12), width: 2, height: 2, format: 'rgb' }, face.box);
  const context = canvas.getContext('2d');
  if (context) draw(context, faces, { axes: false, errors: true });
  // @ts-expect-error a box has four edges
  await aligner.align(image, [1, 2, 3]).catch((error: unknown) => error instanceof InputError);
  // @ts-expect-error aligners are made by create
  new FaceAligner();
  await aligner.close();
  // @ts-expect-error not every model gives one
  const sure: number = face.confidence;
  // @ts-expect-error nor these
  const hidden: number = face.pointErrors[8];
  if (isDoubtful(face)) return sure + hidden;
  return face.landmarks[30]!.x + face.pose.yawDeg + face.shapeParameters.length;
}

export async function blinks(video: HTMLVideoElement, aligner: FaceAligner): Promise<number> {
  const tracker = await FaceTracker.create(aligner, { maxFaces: 1, smoothing: { beta: 30 } });
  const tracked: TrackedFace[] = await tracker.update(video, performance.now() / 1000);
  await tracker.update(video);
  await tracker.reset();
  await tracker.close();
  // @ts-expect-error trackers are made by create
  new FaceTracker(aligner);
  const again: Face | null = await aligner.lookAgain(video, tracked[0]!.face);
  if (again !== null && (await aligner.quality(video, again)).sharpness < 0.15) return 0;
  return again === null ? 0 : eyeOpenness(again).subjectLeft + mouthOpenness(again) + tracked[0]!.id;
}
