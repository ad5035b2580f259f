import { checkBrowser, draw, FaceAligner, isDoubtful } from 'asmnet-edge';
import { openCamera } from './camera.js';

const MAX_SIDE = 1600; // pixels; larger photos are shrunk, for the eye and for memory
const FRAMES = 30; // that frame times are the median of

const $ = (id) => document.getElementById(id);
const picture = $('picture');
const still = document.createElement('canvas'); // the picture without what is drawn on it
let aligner;
let faces = [];
let camera;
let rearCamera = false;
let session = 0; // a new one for each photo and each start of the camera
let times = [];
let stamps = [];

function say(text, plain = false) {
  $('message').textContent = text ?? '';
  $('message').hidden = !text;
  $('message').classList.toggle('plain', plain);
}

function setState(state) {
  $('stage').dataset.state = state;
}

function show(image, width, height) {
  for (const canvas of [still, picture]) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  }
  still.getContext('2d', { willReadFrequently: true }).drawImage(image, 0, 0, width, height);
}

function redraw() {
  const context = picture.getContext('2d');
  context.drawImage(still, 0, 0);
  draw(context, faces, { landmarks: $('landmarks').checked, axes: $('axes').checked });
}

const inDegrees = (whole) => `${whole < 0 ? '−' : whole > 0 ? '+' : ''}${Math.abs(whole)}°`;

function summary() {
  if (faces.length === 0) return 'No face';
  const doubt = isDoubtful(faces[0]) ? `, low confidence ${faces[0].confidence.toFixed(2)}: do not trust it` : '';
  return (faces.length === 1 ? '1 face' : `${faces.length} faces; pose of the surest`) + doubt;
}

function report() {
  const pose = faces[0]?.pose;
  for (const [id, degrees] of [['yaw', pose?.yawDeg], ['pitch', pose?.pitchDeg], ['roll', pose?.rollDeg]]) {
    $(id).textContent = degrees === undefined ? '–' : inDegrees(Math.round(degrees));
    $(id).nextElementSibling.style.setProperty('--share', Math.max(-1, Math.min(1, (degrees ?? 0) / 60)));
  }
  $('summary').textContent = summary();
  $('ms').textContent = [...times].sort((a, b) => a - b)[times.length >> 1].toFixed(1);
  $('fps').textContent = stamps.length < 2 ? '–' : ((1000 * (stamps.length - 1)) / (stamps.at(-1) - stamps[0])).toFixed(0);
  $('badge').hidden = false;
}

/** Finds and draws the faces of what `still` shows. */
async function look() {
  const mine = session;
  const start = performance.now();
  const pixels = still.getContext('2d').getImageData(0, 0, still.width, still.height);
  const found = await aligner.predict(pixels);
  if (mine !== session) return;
  faces = found;
  const now = performance.now();
  times = [...times, now - start].slice(-FRAMES);
  stamps = [...stamps, now].slice(-FRAMES);
  redraw();
  report();
  picture.hidden = false;
  $('welcome').hidden = true;
  $('stage').dataset.frames = Number($('stage').dataset.frames) + 1;
  $('stage').dataset.faces = faces.length;
}

function begin(state) {
  stopCamera();
  say();
  session += 1;
  times = [];
  stamps = [];
  $('rate').hidden = state !== 'camera';
  setState(state);
}

async function showPhoto(source) {
  begin('photo');
  try {
    const bitmap = await createImageBitmap(source);
    const ratio = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
    show(bitmap, Math.round(bitmap.width * ratio), Math.round(bitmap.height * ratio));
    bitmap.close();
  } catch (error) {
    return say(`This photo cannot be opened (${error.message}). JPEG, PNG and WebP work in every browser.`);
  }
  await look();
  if (faces.length === 0) say('No face was found. Faces smaller than a twenty-fifth of the picture are not seen.', true);
}

function stopCamera() {
  camera?.close();
  camera = undefined;
  picture.classList.remove('mirrored');
  $('camera').setAttribute('aria-pressed', 'false');
  $('camera').lastElementChild.textContent = 'Camera';
  $('flip').hidden = true;
}

async function startCamera() {
  begin('camera');
  $('camera').disabled = true;
  try {
    camera = await openCamera({ rear: rearCamera });
  } catch (error) {
    setState('refused');
    return say(error.message);
  } finally {
    $('camera').disabled = false;
  }
  $('camera').setAttribute('aria-pressed', 'true');
  $('camera').lastElementChild.textContent = 'Stop';
  $('flip').hidden = !camera.several;
  picture.classList.toggle('mirrored', !rearCamera);
  await follow(camera);
}

/** The newest frame each time, until the camera is stopped or another one opened. */
async function follow(mine) {
  while (await mine.nextFrame()) {
    show(mine.video, mine.video.videoWidth, mine.video.videoHeight);
    await look();
  }
  if (camera === mine) {
    stopCamera();
    say('The camera has stopped. Press Camera to start it again.', true);
  }
}

function guarded(work) {
  return (...args) => work(...args).catch((error) => say(`Something went wrong: ${error.message}`));
}

function listen() {
  $('camera').addEventListener('click', guarded(async () => (camera ? stopCamera() : startCamera())));
  $('flip').addEventListener('click', guarded(async () => {
    rearCamera = !rearCamera;
    await startCamera();
  }));
  $('photo').addEventListener('change', guarded(async ({ target }) => {
    const [file] = target.files;
    target.value = '';
    if (file) await showPhoto(file);
  }));
  $('sample').addEventListener('click', guarded(async () => showPhoto(await (await fetch('portrait.jpg')).blob())));
  for (const id of ['landmarks', 'axes']) $(id).addEventListener('change', () => picture.hidden || redraw());
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    $('stage').addEventListener(kind, (event) => {
      event.preventDefault();
      $('stage').toggleAttribute('data-over', kind === 'dragover');
      if (kind === 'drop' && event.dataTransfer.files[0]) guarded(showPhoto)(event.dataTransfer.files[0]);
    });
  }
}

async function main() {
  try {
    checkBrowser();
    say('Loading the networks…', true);
    aligner = await FaceAligner.create({ litertPath: new URL('litert/wasm/', location.href) });
    await aligner.align(new ImageData(64, 64), [8, 8, 56, 56]); // the first time takes longer
    await aligner.predict(new ImageData(64, 64));
  } catch (error) {
    setState('unsupported');
    return say(`This page cannot run here: ${error.message}.`);
  }
  say();
  listen();
  for (const id of ['camera', 'photo', 'sample']) $(id).disabled = false;
  setState('ready');
}

await main();
