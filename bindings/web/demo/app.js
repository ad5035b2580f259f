import { checkBrowser, draw, MODELS } from 'asmnet-edge';
import { openCamera } from './camera.js';
import { Engine } from './engine.js';
import { description, number, report, write } from './faces.js';
import { keep, watch } from './offline.js';

const MAX_SIDE = 1600; // pixels; larger photos are shrunk, for the eye and for memory
const FRAMES = 30; // that frame times are the median of
const DESCRIBED = 1000; // ms between two descriptions of what a camera shows

const SAMPLE = new URL('portrait.jpg', location.href);

const $ = (id) => document.getElementById(id);
const picture = $('picture');
let engine;
let opened; // the model that is in use
let shown; // the picture without what is drawn on it, an ImageBitmap
let faces = [];
let camera;
let rearCamera = false;
let session = 0; // a new one for each photo and each start of the camera
let times = [];
let stamps = [];
let described = 0;

function say(text, plain = false) {
  $('message').textContent = text ?? '';
  $('message').hidden = !text;
  $('message').classList.toggle('plain', plain);
}

function setState(state) {
  $('stage').dataset.state = state;
}

function redraw() {
  const context = picture.getContext('2d');
  if (picture.width !== shown.width || picture.height !== shown.height) Object.assign(picture, { width: shown.width, height: shown.height });
  context.drawImage(shown, 0, 0);
  draw(context, faces.map(({ face }) => face), { landmarks: $('landmarks').checked, axes: $('axes').checked });
  if (faces.length > 1) number(context, faces, picture.classList.contains('mirrored'));
}

function measure(ms) {
  const now = performance.now();
  times = [...times, ms].slice(-FRAMES);
  stamps = [...stamps, now].slice(-FRAMES);
  write($('ms'), [...times].sort((a, b) => a - b)[times.length >> 1].toFixed(1));
  write($('fps'), stamps.length < 2 ? '–' : ((1000 * (stamps.length - 1)) / (stamps.at(-1) - stamps[0])).toFixed(0));
  $('badge').hidden = false;
}

function describe() {
  const now = performance.now();
  if (camera && now - described < DESCRIBED) return;
  described = now;
  picture.setAttribute('aria-label', `${camera ? 'Camera' : 'Photo'}. ${description(faces)}`);
}

/** Has the worker find the faces of an image, and shows it with them. */
async function look(task, given) {
  const mine = session;
  const { image, faces: found, ms } = await engine.call(task, given);
  if (mine !== session) return image.close();
  shown?.close();
  shown = image;
  faces = found;
  redraw();
  report(faces);
  measure(ms);
  describe();
  picture.hidden = false;
  $('welcome').hidden = true;
  $('stage').dataset.frames = Number($('stage').dataset.frames) + 1;
  $('stage').dataset.faces = faces.length;
}

/** Ends what was shown; what it starts goes on only while `session` is the number it gives. */
function begin(state) {
  stopCamera();
  say();
  session += 1;
  times = [];
  stamps = [];
  $('rate').hidden = state !== 'camera';
  setState(state);
  return session;
}

async function lookAtPhoto(image) {
  await look('photo', { image });
  if (faces.length === 0) say('No face was found. Faces smaller than a twenty-fifth of the picture are not seen.', true);
}

async function showPhoto(source) {
  const mine = begin('photo');
  let bitmap;
  try {
    bitmap = await createImageBitmap(source);
  } catch (error) {
    return say(`This photo cannot be opened (${error.message}). JPEG, PNG and WebP work in every browser.`);
  }
  const ratio = MAX_SIDE / Math.max(bitmap.width, bitmap.height);
  if (ratio < 1) {
    const [resizeWidth, resizeHeight] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * ratio)));
    const large = bitmap;
    bitmap = await createImageBitmap(large, { resizeWidth, resizeHeight, resizeQuality: 'high' });
    large.close();
  }
  if (mine !== session) return bitmap.close();
  await lookAtPhoto(bitmap);
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
  const mine = begin('camera');
  let found;
  $('camera').disabled = true;
  try {
    found = await openCamera({ rear: rearCamera });
    await engine.call('restart');
  } catch (error) {
    if (mine !== session) return;
    setState('refused');
    return say(error.message);
  } finally {
    $('camera').disabled = false;
  }
  if (mine !== session) return found.close(); // a photo came meanwhile
  camera = found;
  $('camera').setAttribute('aria-pressed', 'true');
  $('camera').lastElementChild.textContent = 'Stop';
  $('flip').hidden = !camera.several;
  picture.classList.toggle('mirrored', !rearCamera);
  await follow(camera);
}

/** The newest frame each time, until the camera is stopped or another one opened. */
async function follow(mine) {
  while (await mine.nextFrame()) {
    await look('frame', { image: await createImageBitmap(mine.video), seconds: mine.seconds });
  }
  if (camera === mine) {
    stopCamera();
    say('The camera has stopped. Press Camera to start it again.', true);
  }
}

async function openModel(model) {
  for (const id of ['accurate', 'fast']) $(id).disabled = true;
  const { resources } = await engine.call('open', { model }).finally(() => {
    for (const id of ['accurate', 'fast']) $(id).disabled = false;
    if (opened) $(opened).checked = true; // the one before stays, where this one cannot be opened
  });
  opened = model;
  $(model).checked = true;
  keep([...resources, ...Object.values(MODELS), SAMPLE]).then((kept) => $('stage').toggleAttribute('data-offline', kept));
}

async function changeModel(model) {
  const mine = session;
  await openModel(model);
  times = [];
  if (mine === session && shown && !camera) await lookAtPhoto(await createImageBitmap(shown));
}

function guarded(work) {
  return (...args) => work(...args).catch((error) => say(`Something went wrong: ${error.message}`));
}

function dropped(event) {
  event.preventDefault(); // else the browser leaves the page for the photo
  $('stage').toggleAttribute('data-over', event.type === 'dragover');
  if (event.type === 'drop' && event.dataTransfer.files[0]) guarded(showPhoto)(event.dataTransfer.files[0]);
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
  $('sample').addEventListener('click', guarded(async () => showPhoto(await (await fetch(SAMPLE)).blob())));
  for (const id of ['landmarks', 'axes']) $(id).addEventListener('change', () => picture.hidden || redraw());
  for (const id of ['accurate', 'fast']) $(id).addEventListener('change', guarded(async () => changeModel(id)));
  for (const kind of ['dragover', 'dragleave', 'drop']) document.addEventListener(kind, dropped);
}

async function main() {
  try {
    checkBrowser();
    say('Loading the networks…', true);
    await watch();
    engine = new Engine();
    await openModel($('fast').checked ? 'fast' : 'accurate');
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
