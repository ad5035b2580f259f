import { interocularDistance } from './measures.js';

// Points along each part of the face in i-bug's order, and whether the line comes back to its start.
const LINES = [
  [0, 16, false], // jaw
  [17, 21, false], // the subject's right brow, on the left of the image
  [22, 26, false],
  [27, 30, false], // bridge of the nose
  [31, 35, false],
  [36, 41, true], // the subject's right eye
  [42, 47, true],
  [48, 59, true], // outer lips
  [60, 67, true],
];
const NOSE_TIP = 30;
const SMALL = 48; // pixels; lines alone are drawn of smaller faces
const CONFIDENT = 0.5; // below, the network itself says: do not trust these landmarks
const DOUBT = 'rgb(255, 150, 0)';
const COLOURS = { line: 'rgba(94, 224, 255, 0.75)', point: '#f4fbff', error: 'rgb(255, 60, 60)', axes: ['#ff5a5f', '#4cd97b', '#4d8dff'] };

/**
 * Draws landmarks and head axes of faces onto a canvas whose pixels are those of the image.
 *
 * The axes as in the Python SDK's pictures: red to the head's own left, green down to the chin, blue out of the nose.
 * A face whose confidence is below 0.5 is orange. With `errors` a red circle about each point has its expected error as radius.
 * Small faces are drawn in thinner lines, the smallest without points.
 */
export function draw(context, faces, { landmarks = true, axes = true, errors = false } = {}) {
  context.save();
  context.lineCap = context.lineJoin = 'round';
  for (const face of faces) {
    const side = Math.max(face.box.right - face.box.left, face.box.bottom - face.box.top);
    context.translate(0.5, 0.5); // pixel centres are whole numbers here, halves on a canvas
    if (landmarks) drawLandmarks(context, face, side);
    if (errors && face.pointErrors !== null) drawErrors(context, face, side);
    if (axes) drawAxes(context, face, side);
    context.translate(-0.5, -0.5);
  }
  context.restore();
}

/** Whether the network itself doubts a face; a model that gives no confidence doubts none. */
export const isDoubtful = ({ confidence }) => confidence !== null && confidence < CONFIDENT;

function drawLandmarks(context, face, side) {
  const points = face.landmarks;
  context.strokeStyle = isDoubtful(face) ? DOUBT : COLOURS.line;
  context.lineWidth = Math.max(0.5, side / 130);
  context.beginPath();
  for (const [first, last, closed] of LINES) {
    context.moveTo(points[first].x, points[first].y);
    for (let i = first + 1; i <= last; i++) context.lineTo(points[i].x, points[i].y);
    if (closed) context.lineTo(points[first].x, points[first].y);
  }
  context.stroke();
  if (side < SMALL) return; // points would be all that is seen of the face
  context.fillStyle = isDoubtful(face) ? DOUBT : COLOURS.point;
  for (const { x, y } of points) {
    context.beginPath();
    context.arc(x, y, Math.max(0.8, side / 90), 0, 2 * Math.PI);
    context.fill();
  }
}

function drawErrors(context, face, side) {
  const eyes = interocularDistance(face);
  context.strokeStyle = COLOURS.error;
  context.lineWidth = Math.max(1, side / 220);
  face.landmarks.forEach(({ x, y }, i) => {
    context.beginPath();
    context.arc(x, y, face.pointErrors[i] * eyes, 0, 2 * Math.PI);
    context.stroke();
  });
}

function drawAxes(context, { landmarks, pose }, side) {
  const { x, y } = landmarks[NOSE_TIP];
  const axes = axesOf(pose).map((axis, i) => ({ axis, colour: COLOURS.axes[i] }));
  axes.sort((a, b) => b.axis[2] - a.axis[2]); // what points away from the camera first
  context.lineWidth = Math.max(0.75, side / 55);
  for (const { axis, colour } of axes) {
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + 0.4 * side * axis[0], y + 0.4 * side * axis[1]);
    context.stroke();
  }
}

/** The head's left, down and forward in image axes, z away from the camera: docs/conventions.md, "Head pose". */
export function axesOf({ yawDeg, pitchDeg, rollDeg }) {
  const [yaw, down, roll] = [yawDeg, -pitchDeg, rollDeg].map((degrees) => (degrees * Math.PI) / 180);
  const [cy, cp, cr] = [yaw, down, roll].map(Math.cos);
  const [sy, sp, sr] = [yaw, down, roll].map(Math.sin);
  return [
    [cr * cy, sr * cy, -sy],
    [cr * sy * sp - sr * cp, sr * sy * sp + cr * cp, cy * sp],
    [-(cr * sy * cp + sr * sp), -(sr * sy * cp - cr * sp), -cy * cp],
  ];
}
