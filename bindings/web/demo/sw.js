/* Keeps the files of this page, so that it opens without a network. Where there is one it comes first: files stay current. */
const NAME = 'asmnet-edge';

async function answer(event) {
  const cache = await caches.open(NAME);
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(cache.put(event.request, response.clone()));
    return response;
  } catch {
    return (await cache.match(event.request)) ?? Response.error();
  }
}

const isOurs = (url) => new URL(url).origin === self.location.origin;

async function keep(urls) {
  const cache = await caches.open(NAME);
  const missing = [];
  for (const url of urls.filter(isOurs)) if (!(await cache.match(url))) missing.push(url);
  await cache.addAll(missing);
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET' && isOurs(event.request.url)) event.respondWith(answer(event));
});
self.addEventListener('message', (event) => {
  const kept = keep(event.data).then(() => true, () => false);
  event.waitUntil(kept.then((done) => event.ports[0].postMessage(done)));
});
