/* What is drawn of a face that the network itself doubts; no browser is needed. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { draw, isDoubtful } from '../src/drawing.js';

const ORANGE = 'rgb(255, 150, 0)';

/** A canvas' context that keeps the colours it was given. */
function recording() {
  const colours = new Set();
  const target = {};
  for (const name of ['save', 'restore', 'translate', 'beginPath', 'moveTo', 'lineTo', 'stroke', 'arc', 'fill']) target[name] = () => {};
  for (const name of ['strokeStyle', 'fillStyle']) Object.defineProperty(target, name, { set: (colour) => colours.add(colour) });
  return { target, colours };
}

const faceOf = (confidence, pointErrors = null) => ({
  landmarks: Array.from({ length: 68 }, (_, i) => ({ x: i, y: i })),
  box: { left: 0, top: 0, right: 67, bottom: 67 },
  pose: { yawDeg: 0, pitchDeg: 0, rollDeg: 0 },
  confidence,
  pointErrors,
});

for (const [confidence, doubtful] of [[0.02, true], [0.4999, true], [0.5, false], [0.99, false], [null, false]]) {
  test(`a confidence of ${confidence}`, () => {
    const face = faceOf(confidence);
    assert.equal(isDoubtful(face), doubtful);
    const { target, colours } = recording();
    draw(target, [face], { axes: false });
    assert.deepEqual([...colours].includes(ORANGE), doubtful);
    assert.equal(colours.size, doubtful ? 1 : 2);
  });
}

test('circles are as large as the expected errors', () => {
  const { target, colours } = recording();
  const radii = [];
  target.arc = (x, y, radius) => radii.push(radius);
  const face = faceOf(0.9, Float32Array.from({ length: 68 }, (_, i) => i / 256));
  draw(target, [face, faceOf(0.9)], { axes: false, landmarks: false, errors: true });
  const eyes = Math.hypot(9, 9); // points 36 and 45 of faceOf
  assert.equal(radii.length, 68);
  radii.forEach((radius, i) => assert.ok(Math.abs(radius - (i / 256) * eyes) < 1e-9, `${i}: ${radius}`));
  assert.ok(colours.has('rgb(255, 60, 60)'));
  draw(target, [face], { axes: false, landmarks: false });
  assert.equal(radii.length, 68, 'none unless they are asked for');
});

/** Widths of lines and radii of points of a face `side` pixels wide. */
function strokes(side) {
  const { target } = recording();
  const widths = [];
  const radii = [];
  Object.defineProperty(target, 'lineWidth', { set: (width) => widths.push(width) });
  target.arc = (x, y, radius) => radii.push(radius);
  draw(target, [{ ...faceOf(0.9), box: { left: 0, top: 0, right: side, bottom: side } }]);
  return { widths, radii };
}

test('small faces are drawn thinner, the smallest without points', () => {
  const [large, small, smallest] = [400, 90, 30].map(strokes);
  for (const i of [0, 1]) assert.ok(large.widths[i] > small.widths[i] && small.widths[i] >= smallest.widths[i], `${i}`);
  assert.ok(small.widths[0] < 1 && small.widths[1] < 2);
  assert.ok(small.radii[0] < large.radii[0]);
  assert.deepEqual([large, small, smallest].map(({ radii }) => radii.length), [68, 68, 0]);
});
