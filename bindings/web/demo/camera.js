const WIDTH = 640; // larger frames take longer and give no better landmarks
const HEIGHT = 480;

const MESSAGES = {
  NotAllowedError: 'The camera was not allowed. Allow it for this page (the camera sign beside the address, or the browser’s settings), then press Camera again; or open a photo.',
  NotFoundError: 'No camera was found. Connect one and press Camera again; or open a photo.',
  NotReadableError: 'The camera is in use by another program. Close that one and press Camera again.',
};

/** Opens a camera; `nextFrame` waits for a new frame and gives false once the camera is closed. */
export async function openCamera({ rear }) {
  if (!navigator.mediaDevices) throw new Error('Browsers give cameras only to pages on https or localhost. Open this page there; photos work here too.');
  const wanted = { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, facingMode: rear ? 'environment' : 'user' };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false }).catch((cause) => {
    throw new Error(MESSAGES[cause.name] ?? `The camera cannot be opened (${cause.message}).`, { cause });
  });
  const video = Object.assign(document.createElement('video'), { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  const devices = await navigator.mediaDevices.enumerateDevices();
  const [track] = stream.getVideoTracks();
  let live = true;
  let wake = () => {};
  let newest = 0; // numbers of frames
  let taken = 0;
  let time = 0;
  const next = (work) => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(work) : requestAnimationFrame(work));
  const see = (now) => {
    newest += 1;
    time = now;
    wake();
    if (live) next(see);
  };
  const end = () => {
    live = false;
    wake();
  };
  next(see);
  track.addEventListener('ended', end);
  return {
    video,
    several: devices.filter(({ kind }) => kind === 'videoinput').length > 1,
    /** When the frame that nextFrame waited for was there. */
    get seconds() {
      return time / 1000;
    },
    nextFrame: () => new Promise((resolve) => {
      wake = () => {
        if (live && newest === taken) return; // it was worked on before
        taken = newest;
        wake = () => {};
        resolve(live);
      };
      wake();
    }),
    close() {
      end();
      track.stop();
    },
  };
}
