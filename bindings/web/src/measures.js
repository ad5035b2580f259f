/* Distances and openness from landmarks alone, as sdk/measures.py has them. */

const distance = ({ landmarks }, i, j) => Math.hypot(landmarks[i].x - landmarks[j].x, landmarks[i].y - landmarks[j].y);

/** Between the outer eye corners, pixels. */
export function interocularDistance(face) {
  return distance(face, 36, 45);
}

/** Eye aspect ratio of the subject's own right and left eye: about 0.3 open, near 0 closed (Soukupova & Cech, CVWW 2016). */
export function eyeOpenness(face) {
  const aspect = (first) => {
    const width = distance(face, first, first + 3);
    return width > 0 ? (distance(face, first + 1, first + 5) + distance(face, first + 2, first + 4)) / (2 * width) : 0;
  };
  return { subjectRight: aspect(36), subjectLeft: aspect(42) };
}

/** Height of the inner lips over their width: 0 closed, about 0.5 and more when yawning. */
export function mouthOpenness(face) {
  const width = distance(face, 60, 64);
  return width > 0 ? (distance(face, 61, 67) + distance(face, 62, 66) + distance(face, 63, 65)) / 3 / width : 0;
}
