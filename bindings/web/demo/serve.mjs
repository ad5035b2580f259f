#!/usr/bin/env node
/* The demo page from local files: `node demo/serve.mjs [PORT]`, or `--copy FOLDER` to put it on any static host. */
import { realpathSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

// Builds of LiteRT.js that the page does not load, and what only developers need.
const UNUSED = /_(threaded|jspi)_internal\.|\.map$|metafile|serve\.mjs$/;

// Import maps do not reach workers: there these files find one another by their places.
const PLACES = [
  [/\/asmnet-edge\/src\/litert\.js$/, "import('@litertjs/core')", "import('../../litert/core/index.js')"],
  [/\/litert\/core\/index\.js$/, '"@litertjs/wasm-utils"', '"../wasm-utils/index.js"'],
];

/** A file's content as the page is served it, by its path on the server. */
function served(path, content) {
  const place = PLACES.find(([file]) => file.test(path));
  if (!place) return content;
  const [, name, address] = place;
  const text = content.toString();
  if (!text.includes(name)) throw new Error(`${path}: expected ${name} in it`);
  return Buffer.from(text.replace(name, address));
}

/** Where each part of the page lies on disk, by its path on the server; the first that fits counts. */
function mounts() {
  const litert = createRequire(import.meta.url).resolve('@litertjs/core');
  const utils = createRequire(litert).resolve('@litertjs/wasm-utils');
  return [
    ['/asmnet-edge/src/', join(PACKAGE, 'src')],
    ['/asmnet-edge/dist/', join(PACKAGE, 'dist')],
    ['/litert/core/', dirname(litert), 'dist'],
    ['/litert/wasm/', join(dirname(dirname(litert)), 'wasm')],
    ['/litert/wasm-utils/', dirname(utils)],
    ['/', join(PACKAGE, 'demo')],
  ];
}

/** Starts a server on this machine alone; `port` 0 takes a free one. */
export function serve(port = 0) {
  const folders = mounts();
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const [prefix, folder] = folders.find(([start]) => path.startsWith(start));
    const file = normalize(join(folder, path.slice(prefix.length) || 'index.html'));
    try {
      if (!file.startsWith(folder + sep)) throw new Error('outside');
      const content = served(path, await readFile(file));
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Cache-Control': 'no-cache' });
      response.end(content);
    } catch {
      response.writeHead(404).end(`${path}: not found`);
    }
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

async function copy(target) {
  for (const [prefix, folder] of mounts().reverse()) {
    await mkdir(join(target, prefix), { recursive: true });
    await cp(folder, join(target, prefix), { recursive: true, filter: (name) => !UNUSED.test(name) });
  }
  for (const path of ['/asmnet-edge/src/litert.js', '/litert/core/index.js']) {
    await writeFile(join(target, path), served(path, await readFile(join(target, path))));
  }
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  const [option = '8080', target] = process.argv.slice(2);
  if (option === '--copy') {
    await copy(target ?? 'site');
    console.log(`the page is in ${target ?? 'site'}; cameras need https or localhost`);
  } else {
    const server = await serve(Number(option));
    console.log(`http://localhost:${server.address().port}  (Ctrl-C ends)`);
  }
}
