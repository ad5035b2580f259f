const PATIENCE = 1000; // ms that the page waits for the service worker before it starts without

/** Lets the service worker watch what is loaded from now on; without one the page works all the same, with a network. */
export async function watch() {
  if (!navigator.serviceWorker) return;
  const controlled = new Promise((resolve) => {
    if (navigator.serviceWorker.controller) resolve();
    else navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
  });
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  await Promise.race([navigator.serviceWorker.register('sw.js').then(() => controlled), late]).catch(() => {});
}

/** Keeps these files and all that the page has loaded; true once the page opens without a network. */
export async function keep(urls) {
  const worker = (await navigator.serviceWorker?.getRegistration())?.active;
  if (!worker) return false;
  const own = performance.getEntriesByType('resource').map(({ name }) => name);
  const { port1, port2 } = new MessageChannel();
  const kept = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  worker.postMessage([...new Set([location.href.split('#')[0], ...own, ...urls.map(String)])], [port2]);
  return kept;
}
