import { isDoubtful } from 'asmnet-edge';

const $ = (id) => document.getElementById(id);
const RANGE = 60; // degrees, the end of a dial

/** Sets a text, if it is another one: what stays is not laid out, or read out, again. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const inDegrees = (degrees) => {
  const whole = Math.round(degrees);
  return `${whole < 0 ? '−' : whole > 0 ? '+' : ''}${Math.abs(whole)}°`;
};
const surety = ({ confidence }) => (confidence === null ? '–' : confidence.toFixed(2));

/** One line about the faces of a picture. */
export function summary(faces) {
  if (faces.length === 0) return 'No face';
  const [{ id, face }] = faces;
  if (faces.length > 1) return `${faces.length} faces; the dials show face ${id}`;
  return isDoubtful(face) ? `1 face, low confidence ${surety(face)}: do not trust it` : '1 face';
}

/** The same for those who do not see the picture, each face with its pose. */
export function description(faces) {
  const each = faces.map(({ id, face }) => {
    const { yawDeg, pitchDeg, rollDeg } = face.pose;
    return `Face ${id}: yaw ${inDegrees(yawDeg)}, pitch ${inDegrees(pitchDeg)}, roll ${inDegrees(rollDeg)}, confidence ${surety(face)}.`;
  });
  return [`${summary(faces)}.`, ...each].join(' ');
}

function dials(pose) {
  for (const [id, degrees] of [['yaw', pose?.yawDeg], ['pitch', pose?.pitchDeg], ['roll', pose?.rollDeg]]) {
    write($(id), degrees === undefined ? '–' : inDegrees(degrees));
    $(id).nextElementSibling.style.setProperty('--share', Math.max(-1, Math.min(1, (degrees ?? 0) / RANGE)));
  }
}

function row(body, index) {
  const tr = body.rows[index] ?? body.insertRow();
  while (tr.cells.length < 5) tr.insertCell();
  return tr;
}

/** Shows the pose of the first face by dials, and all of them in a table where there are several. */
export function report(faces) {
  dials(faces[0]?.face.pose);
  write($('summary'), summary(faces));
  $('list').hidden = faces.length < 2;
  const [body] = $('faces').tBodies;
  while (body.rows.length > faces.length) body.deleteRow(-1);
  faces.forEach(({ id, face }, i) => {
    const { yawDeg, pitchDeg, rollDeg } = face.pose;
    const tr = row(body, i);
    [String(id), inDegrees(yawDeg), inDegrees(pitchDeg), inDegrees(rollDeg), surety(face)].forEach((text, k) => write(tr.cells[k], text));
    tr.classList.toggle('doubtful', isDoubtful(face));
  });
}

/** Writes each face's number at its box; `mirrored`: the page shows the canvas as in a mirror. */
export function number(context, faces, mirrored) {
  const size = Math.max(14, Math.max(context.canvas.width, context.canvas.height) / 45);
  context.save();
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = 'bottom';
  context.lineWidth = size / 5;
  context.lineJoin = 'round';
  context.strokeStyle = 'rgb(5 8 11 / 0.8)';
  context.fillStyle = '#f4fbff';
  for (const { id, face: { box } } of faces) {
    context.save();
    context.translate(mirrored ? box.right : box.left, Math.max(size * 1.3, box.top - size / 4));
    if (mirrored) context.scale(-1, 1);
    context.strokeText(id, 0, 0);
    context.fillText(id, 0, 0);
    context.restore();
  }
  context.restore();
}
