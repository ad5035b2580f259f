import { InputError } from './errors.js';

// Bytes of a pixel, in the order of fa_format. From nv21 on, a camera's, brightness and colour apart (docs/conventions.md).
const BYTES = { bgr: 3, rgb: 3, bgra: 4, rgba: 4, gray: 1, nv21: 1.5, nv12: 1.5, i420: 1.5, yuyv: 2 };
const FORMATS = Object.keys(BYTES);

let canvas;

/**
 * The pixels of whatever the browser can draw, or of plain bytes.
 * @returns {{data: Uint8Array | Uint8ClampedArray, width: number, height: number, format: number}} format as fa_format numbers it
 * @throws {InputError}
 */
export function pixelsOf(image) {
  if (image === null || typeof image !== 'object') throw new InputError(`image: ${EXPECTED}, got ${image}`);
  return ArrayBuffer.isView(image.data) ? fromBytes(image) : fromDrawable(image);
}

const EXPECTED =
  'expected an img, video or canvas element, an ImageBitmap, a VideoFrame, ImageData, or {data, width, height, format}';

function fromBytes({ data, width, height, format = 'rgba' }) {
  if (!(format in BYTES)) throw new InputError(`image: expected format one of ${FORMATS.join(', ')}, got ${format}`);
  const each = BYTES[format];
  if ((format === 'yuyv' || each === 1.5) && (width % 2 !== 0 || (each === 1.5 && height % 2 !== 0))) {
    const sides = each === 1.5 ? 'width and height' : 'width';
    throw new InputError(`image: expected an even ${sides} for ${format}, whose pixels share colour, got ${width} x ${height}`);
  }
  const bytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (!bytes || !(width >= 1) || !(height >= 1) || data.length !== width * height * each) {
    throw new InputError(
      `image: expected ${width} x ${height} x ${each} bytes of ${format}, got ${data.length} ` +
        `in a ${data.constructor.name}; is the format right?`,
    );
  }
  return { data, width, height, format: FORMATS.indexOf(format) };
}

function fromDrawable(image) {
  const [width, height] = sizeOf(image);
  if (!(width >= 1) || !(height >= 1)) {
    throw new InputError(`image: expected at least one pixel, got ${width} x ${height}; is it loaded? await its decode(), or wait for the video's playing event`);
  }
  canvas ??= typeof OffscreenCanvas === 'function' ? new OffscreenCanvas(1, 1) : document.createElement('canvas');
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.clearRect(0, 0, width, height);
  try {
    context.drawImage(image, 0, 0, width, height);
    return { data: context.getImageData(0, 0, width, height).data, width, height, format: FORMATS.indexOf('rgba') };
  } catch (cause) {
    const fix = cause.name === 'SecurityError' ? 'it comes from another site; serve it from this one, or set its crossOrigin' : EXPECTED;
    throw new InputError(`image: cannot be read (${cause.message}); ${fix}`, { cause });
  }
}

function sizeOf(image) {
  const width = image.videoWidth ?? image.naturalWidth ?? image.displayWidth ?? image.width;
  const height = image.videoHeight ?? image.naturalHeight ?? image.displayHeight ?? image.height;
  if (typeof width !== 'number' || typeof height !== 'number') {
    throw new InputError(`image: ${EXPECTED}, got a ${image.constructor?.name ?? typeof image}`);
  }
  return [width, height];
}
