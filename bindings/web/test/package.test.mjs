/* What `npm pack` packs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import test from 'node:test';

import { PACKAGE, REPOSITORY } from './browser.mjs';

const packed = () =>
  readdirSync(PACKAGE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(PACKAGE, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((name) => !name.startsWith('node_modules'));

test('the package has what its users need, and nothing else', { skip: process.env.ASMNET_PACKAGE ? false : 'nothing is packed' }, () => {
  const files = packed();
  for (const name of ['README.md', 'src/index.js', 'src/index.d.ts', 'dist/LICENSE', 'dist/asmnet_edge.wasm', 'demo/index.html', 'demo/serve.mjs']) assert.ok(files.includes(name), name);
  assert.deepEqual(files.filter((name) => !/^(src|dist|demo)\/|^(README\.md|package\.json)$/.test(name)), []);
});

test('models are those of the Python package', () => {
  const models = readdirSync(join(PACKAGE, 'dist/models'));
  assert.deepEqual(models.sort(), ['accurate_int8.tflite', 'face_detector_416_int8.tflite', 'fast_int8.tflite']);
  for (const name of models) {
    const folder = name.startsWith('face_detector') ? 'sdk/models/detectors' : 'sdk/models';
    assert.ok(readFileSync(join(PACKAGE, 'dist/models', name)).equals(readFileSync(join(REPOSITORY, folder, name))), name);
  }
});

test('versions agree', async () => {
  const [, version] = /__version__ = "(.*)"/.exec(readFileSync(join(REPOSITORY, 'sdk/__init__.py'), 'utf8'));
  assert.equal(JSON.parse(readFileSync(join(PACKAGE, 'package.json'))).version, version);
  const { Core } = await import(join(PACKAGE, 'src/core.js'));
  const file = readFileSync(join(PACKAGE, 'dist/asmnet_edge.wasm'));
  const core = await Core.load({}, new URL(`data:application/wasm;base64,${file.toString('base64')}`));
  assert.equal(core.text(core.call('web_version')), version);
});

test('the lock file names no place', () => {
  const lock = readFileSync(join(REPOSITORY, 'bindings/web/package-lock.json'), 'utf8');
  assert.doesNotMatch(lock, /"resolved"|file:|https?:/);
});
