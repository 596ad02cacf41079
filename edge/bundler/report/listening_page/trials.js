"use strict";

/** Even numbers from 0 to 1, the same for the same seed. Source: Tommy Ettinger's mulberry32. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list, random) {
  const left = [...list], mixed = [];
  while (left.length) mixed.push(left.splice(Math.floor(random() * left.length), 1)[0]);
  return mixed;
}

/** Every question: `order` is which system is A and which B, `x` which of the two X is. Of the
    sentences of a pair, each system is A in one half and X in one half, as near as may be. */
function makeTrials({ systems, sentences, abx, preference }, seed) {
  const random = randomFrom(seed);
  const halves = () => shuffled(sentences.map((_, i) => i % 2), random);
  const made = [];
  for (let one = 0; one < systems.length; one++) {
    for (let other = one + 1; other < systems.length; other++) {
      for (const kind of ["abx", "preference"]) {
        if (!(kind === "abx" ? abx : preference)) continue;
        const first = halves(), x = halves();
        sentences.forEach((_, sentence) => {
          const order = first[sentence] ? [other, one] : [one, other];
          const trial = { kind, pair: [one, other], sentence, order };
          if (kind === "abx") trial.x = x[sentence];
          made.push(trial);
        });
      }
    }
  }
  return shuffled(made, random);
}

/** What the answers say, a row for each pair and kind of question. */
function counted(answers) {
  const rows = new Map();
  for (const { kind, pair, answer, order, x } of answers) {
    const key = `${kind} ${pair}`;
    if (!rows.has(key)) rows.set(key, { kind, pair, asked: 0, hits: 0, ties: 0 });
    const row = rows.get(key);
    row.asked++;
    if (kind === "abx") row.hits += answer === x;
    else if (answer === null) row.ties++;
    else row.hits += order[answer] === pair[0];
  }
  return [...rows.values()].map(row => {
    const count = row.asked - row.ties;
    const p = row.kind === "abx" ? atLeast(row.hits, count) : signTest(row.hits, count);
    return { ...row, interval: wilson(row.hits, count), p };
  });
}
