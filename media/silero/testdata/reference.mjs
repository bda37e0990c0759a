// Writes reference.json: what onnxruntime makes of the cases of the test beside
// this folder. In a folder of its own, outside of the repository:
//
//   npm install onnxruntime-node@1.30.0
//   node …/reference.mjs MODEL.onnx SHARED > reference.json
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
const ort = createRequire(process.cwd() + '/')('onnxruntime-node');
const [model, shared] = process.argv.slice(2);

// Noise of a 32-bit linear congruential generator; level in sample values.
function noise(seed, level, samples) {
  let state = seed >>> 0;
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.trunc((((state >>> 16) - 32768) * level) / 32768);
  });
}

// The samples of a 16-bit mono WAV file.
function wav(path) {
  const b = readFileSync(path);
  let at = 12;
  while (b.toString('latin1', at, at + 4) !== 'data') at += 8 + b.readUInt32LE(at + 4);
  const size = b.readUInt32LE(at + 4);
  return Float32Array.from({ length: size >> 1 }, (_, i) => b.readInt16LE(at + 8 + 2 * i));
}

const digit = (who, n) => `data/speech/fsdd/${n}_${who}_0.wav`;
const cases = [
  { name: 'silence', silence: 16000 },
  { name: 'faint noise', seed: 1, level: 30, samples: 16000 },
  { name: 'noise', seed: 2, level: 3000, samples: 16000 },
  { name: 'full scale noise', seed: 3, level: 32768, samples: 16000 },
  { name: 'digits of george', files: [0, 1, 2, 3, 4].map((n) => digit('george', n)) },
  { name: 'digits of theo in noise', files: [5, 6, 7, 8, 9].map((n) => digit('theo', n)), seed: 4, level: 400 },
  { name: 'digits of lucas, half as loud', files: [0, 2, 4, 6, 8].map((n) => digit('lucas', n)), halve: true },
];

const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
for (const c of cases) {
  let pcm = c.files ? Float32Array.from(c.files.flatMap((f) => [...wav(`${shared}/${f}`)])) : new Float32Array(c.silence ?? c.samples);
  if (c.halve) pcm = pcm.map((v) => Math.trunc(v / 2));
  if (c.level) pcm = pcm.map(((n) => (v, i) => Math.max(-32768, Math.min(32767, v + n[i])))(noise(c.seed, c.level, pcm.length)));
  c.probs = [];
  let state = new ort.Tensor('float32', new Float32Array(256), [2, 1, 128]);
  const sr = new ort.Tensor('int64', BigInt64Array.from([8000n]), []);
  const input = new Float32Array(288);
  for (let at = 0; at + 256 <= pcm.length; at += 256) {
    input.copyWithin(0, 256);
    for (let i = 0; i < 256; i++) input[32 + i] = pcm[at + i] / 32768;
    const out = await session.run({ input: new ort.Tensor('float32', input, [1, 288]), state, sr });
    state = out.stateN;
    c.probs.push(Number(out.output.data[0].toFixed(6)));
  }
}
console.log('[\n' + cases.map((c) => JSON.stringify(c)).join(',\n') + '\n]');
