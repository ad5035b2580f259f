/* native/inflate.c against zlib: whatever zlib packs comes back, and damaged data is refused or at least stays in place. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { constants, crc32, deflateRawSync } from 'node:zlib';

const { instance } = await WebAssembly.instantiate(await readFile(process.env.INFLATE_WASM));
const { inflateInit2, inflate, memory, __heap_base: heap, crc32: ownCrc32 } = instance.exports;
const STREAM = heap.value;
const INPUT = STREAM + 64;
const GUARD = 32;

function unpack(packed, size) {
  const output = INPUT + packed.length;
  const end = output + size + GUARD;
  if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / 65536));
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(packed, INPUT);
  bytes.fill(0xa5, output, end);
  new Uint32Array(memory.buffer, STREAM, 5).set([INPUT, output, packed.length, size, 0]); // z_stream of native/zlib.h
  inflateInit2(STREAM, -15);
  const status = inflate(STREAM, constants.Z_FINISH);
  assert.ok(bytes.subarray(output + size, end).every((byte) => byte === 0xa5), 'nothing is written beyond the end');
  return { status, bytes: bytes.slice(output, output + new Uint32Array(memory.buffer, STREAM, 5)[4]) };
}

const CONTENTS = {
  empty: Buffer.alloc(0),
  one: Buffer.from('a'),
  text: Buffer.from('the tip of the nose, '.repeat(500)),
  noise: randomBytes(70000),
  runs: Buffer.alloc(200000, 7),
  mixed: Buffer.concat([randomBytes(5000), Buffer.alloc(40000), Buffer.from('eyes and brows '.repeat(3000)), randomBytes(300)]),
};
const STRATEGIES = ['Z_DEFAULT_STRATEGY', 'Z_FIXED', 'Z_HUFFMAN_ONLY', 'Z_RLE'];

for (const [name, content] of Object.entries(CONTENTS)) {
  test(`${name} comes back`, () => {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of STRATEGIES) {
        const { status, bytes } = unpack(deflateRawSync(content, { level, strategy: constants[strategy] }), content.length);
        assert.equal(status, constants.Z_STREAM_END);
        assert.ok(content.equals(bytes), `${level} ${strategy}`);
      }
    }
  });
}

test('what is cut off or too long is refused', () => {
  const packed = deflateRawSync(CONTENTS.mixed);
  for (let length = 0; length < packed.length; length += 997) assert.notEqual(unpack(packed.subarray(0, length), CONTENTS.mixed.length).status, constants.Z_STREAM_END);
  assert.notEqual(unpack(packed, CONTENTS.mixed.length - 1).status, constants.Z_STREAM_END);
});

test('damaged data does no harm', () => {
  const packed = deflateRawSync(CONTENTS.mixed);
  for (let i = 0; i < 500; i++) {
    const damaged = Uint8Array.from(packed);
    for (const at of randomBytes(3)) damaged[(at * 131 + i * 17) % damaged.length] ^= 1 << (at % 8);
    unpack(damaged, CONTENTS.mixed.length);
  }
});

test('checksums', { skip: crc32 ? false : 'this Node has no zlib.crc32' }, () => {
  const [content] = [CONTENTS.text];
  new Uint8Array(memory.buffer).set(content, INPUT);
  assert.equal(ownCrc32(0, INPUT, content.length) >>> 0, crc32(content));
});
