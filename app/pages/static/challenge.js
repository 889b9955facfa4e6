const primes = [];
for (let n = 2; primes.length < 64; n += 1) {
  if (primes.every((prime) => n % prime)) primes.push(n);
}
const fraction = (value) => ((value - Math.floor(value)) * 2 ** 32) | 0;
const START = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const ROUND = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const w = new Int32Array(64);
const compress = (state, block, to) => {
  for (let i = 0; i < 16; i += 1) w[i] = block[i];
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15], y = w[i - 2];
    const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + low + w[i - 7] + high) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3];
  let e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i += 1) {
    const one = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + one + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0;
    const two = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (two + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + first) | 0;
    d = c; c = b; b = a; a = (first + second) | 0;
  }
  to[0] = (state[0] + a) | 0; to[1] = (state[1] + b) | 0;
  to[2] = (state[2] + c) | 0; to[3] = (state[3] + d) | 0;
  to[4] = (state[4] + e) | 0; to[5] = (state[5] + f) | 0;
  to[6] = (state[6] + g) | 0; to[7] = (state[7] + h) | 0;
};
// Counts the zero bits that SHA-256 of `challenge.number` begins with, up to 32. What
// comes before the number is hashed once, so a try is one block, or two at its edge.
export const counter = (challenge) => {
  const text = `${challenge}.`;
  const before = Int32Array.from(START), sum = new Int32Array(8);
  const block = new Int32Array(16), rest = new Int32Array(32);
  const put = (into, at, code) => { into[at >> 2] |= code << (24 - (at & 3) * 8); };
  const whole = text.length - (text.length % 64);
  for (let at = 0; at < whole; at += 64) {
    block.fill(0);
    for (let i = 0; i < 64; i += 1) put(block, i, text.charCodeAt(at + i));
    compress(before, block, before);
  }
  return (number) => {
    const tail = text.slice(whole) + number;
    rest.fill(0);
    for (let i = 0; i < tail.length; i += 1) put(rest, i, tail.charCodeAt(i));
    put(rest, tail.length, 0x80);
    const last = tail.length > 55 ? 31 : 15;
    rest[last] = (whole + tail.length) * 8;
    compress(before, rest, sum);
    if (last === 31) compress(sum, rest.subarray(16), sum);
    return Math.clz32(sum[0]);
  };
};
const solve = async (challenge, bits) => {
  const zeros = counter(challenge);
  for (let number = 0; ; ) {
    const until = performance.now() + 25;
    while (performance.now() < until) {
      for (const end = number + 500; number < end; number += 1) {
        if (zeros(number) >= bits) return `${challenge}.${number}`;
      }
    }
    await new Promise((go) => setTimeout(go));
  }
};
if (globalThis.document) {
  for (const input of document.querySelectorAll("input[data-challenge]")) {
    const { challenge, difficulty, busy, ready } = input.dataset;
    const status = document.getElementById("challenge-status");
    let waits = false;
    status.textContent = busy;
    input.form.addEventListener("submit", (event) => {
      if (input.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      waits = true;
    }, true);
    solve(challenge, Number(difficulty)).then((proof) => {
      input.value = proof;
      status.textContent = ready;
      if (waits) input.form.requestSubmit();
    });
  }
}
