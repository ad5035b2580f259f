/* Not run: `tsc` checks that the types fit what users write. */
import { draw, FaceAligner, InputError, isDoubtful, type Face } from 'asmnet-edge';

export async function nose(image: HTMLImageElement, canvas: HTMLCanvasElement): Promise<number> {
  const aligner = await FaceAligner.create({ detector: null, maxDisagreement: 0.2, litertPath: '/litert/wasm/' });
  const faces: Face[] = await aligner.predict(image);
  const face = await aligner.align(canvas, [1, 2, 3, 4], { refine: true });
  await aligner.align({ data: new Uint8Array(12), width: 2, height: 2, format: 'rgb' }, face.box);
  const context = canvas.getContext('2d');
  if (context) draw(context, faces, { axes: false });
  // @ts-expect-error a box has four edges
  await aligner.align(image, [1, 2, 3]).catch((error: unknown) => error instanceof InputError);
  // @ts-expect-error aligners are made by create
  new FaceAligner();
  await aligner.close();
  // @ts-expect-error not every model gives one
  const sure: number = face.confidence;
  if (isDoubtful(face)) return sure;
  return face.landmarks[30]!.x + face.pose.yawDeg + face.shapeParameters.length;
}
